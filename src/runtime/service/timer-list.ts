/**
 * `timer.list`: the timers on record, in pages `{ timers, next }` of at most 500 timers or 256 KiB.
 *
 * The table is walked slot by slot, a few milliseconds at a time, while it goes on changing. A timer that is on record
 * from the beginning to the end of the walk comes exactly once, each as it was when its page was made; one that was
 * made or forgotten meanwhile may come or not. (An id that was forgotten and made anew meanwhile may come twice; the
 * later one counts.) They come in the order of their slots, so who wants them sorted sorts them.
 *
 * Parameters: `state` (a list of states), `match` (a part of the id), `limit`, and `after`: the `next` of an earlier
 * page, from which to go on. `next` is null behind the last timer.
 */

import { readChoice, readText } from "../../core/option-reader.ts";
import type { IpcMethod, IpcStream } from "../../ipc/methods.ts";
import { stateOf, type TimerState, viewTimer } from "../../supervisor/views.ts";
import { Page } from "./page.ts";
import { readChoices, readCountOr, readParams } from "./params.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { Slices } from "./slices.ts";
import { timerStates } from "./timer-states.ts";
import { packTimer, type Tuple } from "./wire-views.ts";

interface TimerQuery {
  readonly states: ReadonlySet<TimerState> | undefined;
  readonly match: string | undefined;
  readonly limit: number;
  readonly after: number;
}

const matchLengthMax = 200;
const slotMax = 2 ** 24;

/** Makes the method. */
export function timerListMethod(runtime: ServedRuntime): IpcMethod {
  return {
    kind: "stream",
    open: (params, stream) => sendTimers(runtime, readQuery(params), stream),
  };
}

function readQuery(params: unknown): TimerQuery {
  const { state, match, limit, after } = readParams(params, "state", "match", "limit", "after");
  return {
    states: readChoices(state, "state", (one) => readChoice(one, "state", timerStates)),
    match: match === undefined ? undefined : readText(match, "match", matchLengthMax),
    limit: readCountOr(limit, "limit", 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    after: readCountOr(after, "after", 0, slotMax, 0),
  };
}

async function sendTimers(runtime: ServedRuntime, query: TimerQuery, stream: IpcStream): Promise<void> {
  const { timers } = runtime.engine.data;
  const slices = new Slices(runtime.realClock);
  const page = new Page();
  let left = query.limit;
  let slot = query.after;
  for (; slot < timers.slotCount && left > 0; slot++) {
    if (slices.isOver) {
      await slices.next();
      if (stream.signal.aborted) return;
    }
    const tuple = readTimer(runtime, slot, query);
    if (tuple === undefined) continue;
    if (page.isFullFor(tuple) && !(await slices.send(stream, { timers: page.take(), next: slot }))) return;
    page.add(tuple);
    left -= 1;
  }
  if (await slices.send(stream, { timers: page.take(), next: slot < timers.slotCount ? slot : null })) stream.end();
}

/** The timer in `slot`, or undefined when there is none or it is not wanted. */
function readTimer(runtime: ServedRuntime, slot: number, { states, match }: TimerQuery): Tuple | undefined {
  const { engine, history } = runtime;
  const { data } = engine;
  if (!data.timers.has(slot)) return undefined;
  if (match !== undefined && data.timers.idOf(slot)?.includes(match) !== true) return undefined;
  const isOrphaned = runtime.isOrphaned(slot);
  if (states !== undefined && !states.has(stateOf(data, slot, isOrphaned))) return undefined;
  const timer = viewTimer(data, slot, isOrphaned, history);
  return packTimer({ timer, anchorMs: data.timers.anchorMs.get(slot) });
}
