/** The whole history of a timer, newest first: what memory holds, then what the snapshot holds. */

import type { HistoryRow, HistorySource } from "../core/history.ts";
import { keptSinceMs, lastDroppedRow, type Retention } from "../core/retention.ts";
import type { State } from "../core/state.ts";
import type { Clock, SnapshotStore } from "../ports.ts";
import { ByteReader } from "./byte-reader.ts";
import { chunkRowsMax, decodeChunk } from "./history-codec.ts";
import { chunksOf, lastRowOf } from "./keys.ts";

/** Reads history. */
export class HistoryReader implements HistorySource {
  readonly #state: State;
  readonly #store: SnapshotStore | undefined;
  readonly #retention: Retention;
  readonly #clock: Pick<Clock, "nowMs">;

  /** Without a `store`, memory holds all there is. */
  constructor(state: State, store: SnapshotStore | undefined, retention: Retention, clock: Pick<Clock, "nowMs">) {
    this.#state = state;
    this.#store = store;
    this.#retention = retention;
    this.#clock = clock;
  }

  /**
   * Calls `visit` with the rows of the timer in `slot` that are kept and are numbered `below` so much, newest first,
   * until it returns false. Throws `KRON_SNAPSHOT_CORRUPT`.
   */
  visit(
    slot: number,
    visit: (row: HistoryRow, number: number) => boolean,
    below: number = Number.POSITIVE_INFINITY,
  ): void {
    const { timers, history } = this.#state;
    const dropped = Math.max(0, lastDroppedRow(this.#state, slot, this.#retention));
    const sinceMs = keptSinceMs(this.#state, slot, this.#retention, this.#clock.nowMs());
    const count = timers.historyCount.get(slot);
    let number = Math.min(count, below - 1);
    let goesOn = true;
    const take = (row: HistoryRow): boolean => {
      const at = number;
      number -= 1;
      goesOn = row.finishedAtMs >= sinceMs && visit(row, at) && number > dropped;
      return goesOn;
    };
    if (number > dropped) history.visit(slot, take, count - number);
    if (!goesOn || number <= dropped || this.#store === undefined) return;
    // The chunk that holds row `below - 1` may end with a later one.
    const toRow = Number.isFinite(below) ? [below + chunkRowsMax] : [];
    const { from, to } = chunksOf(timers.reference(slot), dropped + 1, ...toRow);
    this.#store.visit({ from, to, reverse: true }, (key, value) => {
      const lastRow = lastRowOf(key);
      const rows = decodeChunk(new ByteReader(value, "a chunk of history"));
      for (let i = rows.length - 1; i >= 0 && goesOn; i--) {
        const rowNumber = lastRow - (rows.length - 1 - i);
        // What memory still holds has been visited.
        if (rowNumber <= number) {
          number = rowNumber;
          take(rows[i] as HistoryRow);
        }
      }
      return goesOn;
    });
  }

  /** The row of this number, or undefined when it is no longer kept. Throws `KRON_SNAPSHOT_CORRUPT`. */
  row(slot: number, number: number): HistoryRow | undefined {
    const { timers, history } = this.#state;
    let found: HistoryRow | undefined;
    const firstHeld = timers.historyCount.get(slot) - history.lengthOf(slot) + 1;
    if (number >= firstHeld) {
      let at = timers.historyCount.get(slot);
      history.visit(slot, (row) => {
        if (at === number) found = row;
        at -= 1;
        return found === undefined;
      });
      return found;
    }
    this.#store?.visit(chunksOf(timers.reference(slot), number), (key, value) => {
      const rows = decodeChunk(new ByteReader(value, "a chunk of history"));
      found = rows[rows.length - 1 - (lastRowOf(key) - number)];
      return false;
    });
    return found;
  }
}
