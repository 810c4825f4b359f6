/** `timer.history`: how a timer's occurrences ended, the newest first, in pages `{ entries }`. */

import type { IpcMethod, IpcStream } from "../../ipc/methods.ts";
import { type HistoryRange, readHistoryQuery, slotOf, viewRow } from "../../supervisor/views.ts";
import { Page } from "./page.ts";
import { readName, readParams } from "./params.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { Slices } from "./slices.ts";
import { packHistory, type Tuple } from "./wire-views.ts";

/** Rows that are read before the clock is looked at. */
const rowsPerLook = 100;

/** Makes the method. Parameters: `id`, and `limit`, `since`, `before` as those of `kron.history()`. */
export function timerHistoryMethod(runtime: ServedRuntime): IpcMethod {
  return {
    kind: "stream",
    open(params, stream) {
      const { id, ...query } = readParams(params, "id", "limit", "since", "before");
      const slot = slotOf(runtime.engine.data, readName(id, "id"));
      const range = readHistoryQuery(query);
      return new HistoryWalk(runtime, slot, range).send(stream);
    },
  };
}

/** A walk over the rows of one timer, which may get new ones meanwhile, or be forgotten. */
class HistoryWalk {
  readonly #runtime: ServedRuntime;
  readonly #reference: number;
  readonly #timerId: string;
  readonly #range: HistoryRange;
  readonly #page = new Page();
  #left: number;
  /** Rows from this number on have been read. */
  #below = Number.POSITIVE_INFINITY;

  constructor(runtime: ServedRuntime, slot: number, range: HistoryRange) {
    const { timers } = runtime.engine.data;
    this.#runtime = runtime;
    this.#reference = timers.reference(slot);
    this.#timerId = timers.idOf(slot) ?? "";
    this.#range = range;
    this.#left = range.limit;
  }

  async send(stream: IpcStream): Promise<void> {
    const slices = new Slices(this.#runtime.realClock);
    for (let tuples = this.#read(); tuples !== undefined; tuples = this.#read()) {
      for (const tuple of tuples) {
        if (this.#page.isFullFor(tuple) && !(await this.#sendPage(slices, stream))) return;
        this.#page.add(tuple);
      }
      if (slices.isOver) await slices.next();
      if (stream.signal.aborted) return;
    }
    if (await this.#sendPage(slices, stream)) stream.end();
  }

  #sendPage(slices: Slices, stream: IpcStream): Promise<boolean> {
    return slices.send(stream, { entries: this.#page.take() });
  }

  /** What is wanted of the next rows; undefined behind the last. Throws `KRON_SNAPSHOT_CORRUPT`. */
  #read(): Tuple[] | undefined {
    const { engine, history } = this.#runtime;
    const slot = engine.data.timers.resolve(this.#reference);
    if (slot === undefined || this.#left === 0) return undefined;
    const { sinceMs, beforeMs } = this.#range;
    const tuples: Tuple[] = [];
    let rows = 0;
    history.visit(
      slot,
      (row, number) => {
        this.#below = number;
        rows += 1;
        if (row.finishedAtMs >= sinceMs && row.finishedAtMs < beforeMs) {
          tuples.push(packHistory(viewRow(this.#timerId, row)));
          this.#left -= 1;
        }
        return rows < rowsPerLook && this.#left > 0;
      },
      this.#below,
    );
    return rows === 0 ? undefined : tuples;
  }
}
