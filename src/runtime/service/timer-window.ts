/**
 * `timer.window`: a part of the sorted list of timers, for those who look at a screenful of very many. It is found by one
 * walk over the timers in slices, which keeps only as many as are wanted; nothing is sorted as a whole or remembered.
 *
 * Parameters: `sort` (`id`, `next`, `last`, `duration`, `state`), `descending`, `match` (a part of the id), `state` (a list),
 * `anchor` (a place in the list: `[key, id]` of a row given before, null for its start, `"end"`), `shift` (how many rows
 * before or behind the anchor the window begins) and `limit`. The answer: `{ rows, places, position, total, walkMs }`.
 */

import { describe } from "../../core/describe.ts";
import { optionError, readChoice, readCount, readFlag, readText } from "../../core/option-reader.ts";
import type { IpcMethod } from "../../ipc/methods.ts";
import { stateOf, type TimerState, viewTimer } from "../../supervisor/views.ts";
import { readChoices, readCountOr, readParams } from "./params.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { Slices } from "./slices.ts";
import { timerStates } from "./timer-states.ts";
import { packTimer, type Tuple } from "./wire-views.ts";

/** Where a timer stands in a list: by the key, then by the id. */
export type Place = readonly [key: number, id: string];

/** The answer. */
export interface TimerWindow {
  readonly rows: readonly Tuple[];
  readonly places: readonly Place[];
  /** How many timers come before the first row, and how many there are of those asked for. */
  readonly position: number;
  readonly total: number;
  /** What the walk took, so that clients can leave the runtime pauses. */
  readonly walkMs: number;
}

interface WindowQuery {
  readonly sort: Sort;
  readonly descending: boolean;
  readonly match: string | undefined;
  readonly states: ReadonlySet<TimerState> | undefined;
  readonly anchor: Place | "end" | undefined;
  readonly shift: number;
  readonly limit: number;
}

interface Found {
  readonly key: number;
  readonly id: string;
  readonly slot: number;
}

type Sort = (typeof sorts)[number];

const sorts = ["id", "next", "last", "duration", "state"] as const;
/** What wants to be seen comes first. */
const stateOrder: readonly TimerState[] = [
  ...(["running", "retrying", "waiting", "dead", "orphaned", "paused"] as const),
  ...(["scheduled", "completed", "cancelled"] as const),
];
const rowsMax = 500;
const shiftMax = 10_000;
const matchLengthMax = 200;
const timersPerLook = 128;
/** The key of what has none: such timers come last, whichever way the list is sorted. */
const none = Number.MAX_SAFE_INTEGER;

/** Makes the method. */
export function timerWindowMethod(runtime: ServedRuntime): IpcMethod {
  return {
    kind: "unary",
    call: (params, { signal }) => new WindowWalk(runtime, readQuery(params)).find(signal),
  };
}

function readQuery(params: unknown): WindowQuery {
  const raw = readParams(params, "sort", "descending", "match", "state", "anchor", "shift", "limit");
  const { match, state, anchor, shift } = raw;
  return {
    sort: raw.sort === undefined ? "id" : readChoice(raw.sort, "sort", sorts),
    descending: readFlag(raw.descending ?? false, "descending"),
    match: match === undefined ? undefined : readText(match, "match", matchLengthMax),
    states: readChoices(state, "state", (one) => readChoice(one, "state", timerStates)),
    anchor: anchor === undefined || anchor === "end" ? anchor : readPlace(anchor),
    shift: shift === undefined ? 0 : readCount(shift, "shift", -shiftMax, shiftMax),
    limit: readCountOr(raw.limit, "limit", 1, rowsMax, 50),
  };
}

function readPlace(value: unknown): Place {
  const [key, id] = Array.isArray(value) ? value : [];
  if (typeof key === "number" && typeof id === "string") return [key, id];
  throw optionError("anchor", `Expected anchor to be a key and an id, or "end", got ${describe(value)}`);
}

/** One walk. */
class WindowWalk {
  readonly #runtime: ServedRuntime;
  readonly #query: WindowQuery;
  /** The nearest ones before the anchor, the nearest first, and those from it on. */
  readonly #before: Found[] = [];
  readonly #after: Found[] = [];
  readonly #beforeMax: number;
  readonly #afterMax: number;
  #rank = 0;
  #total = 0;

  constructor(runtime: ServedRuntime, query: WindowQuery) {
    this.#runtime = runtime;
    this.#query = query;
    this.#beforeMax = query.limit + Math.max(0, -query.shift);
    this.#afterMax = query.limit + Math.max(0, query.shift);
  }

  async find(signal: AbortSignal): Promise<TimerWindow> {
    const { engine, realClock } = this.#runtime;
    const { timers } = engine.data;
    const slices = new Slices(realClock);
    let walkMs = 0;
    let fromMs = realClock.monotonicMs();
    for (let slot = 0; slot < timers.slotCount; slot++) {
      if (timers.has(slot)) this.#look(slot);
      if (slot % timersPerLook !== 0 || !slices.isOver) continue;
      walkMs += realClock.monotonicMs() - fromMs;
      await slices.next();
      if (signal.aborted) throw signal.reason;
      fromMs = realClock.monotonicMs();
    }
    const result = this.#result();
    return { ...result, walkMs: walkMs + realClock.monotonicMs() - fromMs };
  }

  #look(slot: number): void {
    const { engine } = this.#runtime;
    const { match, states, anchor, sort } = this.#query;
    const { data } = engine;
    const { timers } = data;
    if (match !== undefined && timers.idOf(slot)?.includes(match) !== true) return;
    if (states !== undefined && !states.has(stateOf(data, slot, this.#runtime.isOrphaned(slot)))) return;
    this.#total += 1;
    const key = this.#keyOf(slot);
    const isBefore = anchor !== undefined && (anchor === "end" || this.#isBefore(key, slot, anchor));
    if (isBefore) this.#rank += 1;
    const list = isBefore ? this.#before : this.#after;
    const max = isBefore ? this.#beforeMax : this.#afterMax;
    const last = list.at(-1);
    // Most are refused by their key alone; reading the id takes longer.
    if (last !== undefined && list.length === max && sort !== "id") {
      if (isBefore ? key < last.key : key > last.key) return;
    }
    this.#insert(list, { key, id: timers.idOf(slot) ?? "", slot }, isBefore, max);
  }

  #insert(list: Found[], found: Found, isBefore: boolean, max: number): void {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(list[middle] as Found, found);
      if ((isBefore ? -order : order) < 0) low = middle + 1;
      else high = middle;
    }
    if (low >= max) return;
    list.splice(low, 0, found);
    if (list.length > max) list.pop();
  }

  #isBefore(key: number, slot: number, [anchorKey, anchorId]: Place): boolean {
    if (key !== anchorKey) return key < anchorKey;
    return this.#compareIds(this.#runtime.engine.data.timers.idOf(slot) ?? "", anchorId) < 0;
  }

  #compare(a: Found, b: Found): number {
    return a.key === b.key ? this.#compareIds(a.id, b.id) : a.key - b.key;
  }

  #compareIds(a: string, b: string): number {
    if (a === b) return 0;
    return a < b === (this.#query.sort === "id" && this.#query.descending) ? 1 : -1;
  }

  #keyOf(slot: number): number {
    const { data } = this.#runtime.engine;
    const { timers } = data;
    const { sort, descending } = this.#query;
    if (sort === "id") return 0;
    let key: number;
    if (sort === "state") key = stateOrder.indexOf(stateOf(data, slot, this.#runtime.isOrphaned(slot)));
    else if (sort === "next") key = timers.nextAtMs.get(slot) || none;
    else if (timers.lastFinishedAtMs.get(slot) === 0) key = none;
    else key = sort === "last" ? timers.lastFinishedAtMs.get(slot) : timers.lastTookUs.get(slot);
    return descending && key !== none ? -key : key;
  }

  #result(): Omit<TimerWindow, "walkMs"> {
    const { engine, history } = this.#runtime;
    const { data } = engine;
    const { shift, limit } = this.#query;
    const around = [...this.#before.reverse(), ...this.#after];
    const anchorAt = around.length - this.#after.length;
    const start = Math.max(0, Math.min(anchorAt + shift, around.length - limit));
    // Some may have gone, and others come into their slots, since they were looked at.
    const found = around.slice(start, start + limit).filter(({ slot, id }) => data.timers.slotOf(id) === slot);
    return {
      rows: found.map(({ slot }) => {
        const timer = viewTimer(data, slot, this.#runtime.isOrphaned(slot), history);
        return packTimer({ timer, anchorMs: data.timers.anchorMs.get(slot) });
      }),
      places: found.map(({ key, id }) => [key, id] as const),
      position: this.#rank - anchorAt + start,
      total: this.#total,
    };
  }
}
