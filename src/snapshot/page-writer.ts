/** Writes the pages of one checkpoint, with the large payloads and the history of their timers. */

import { type FrozenChanges, slotsPerPage } from "../core/changes.ts";
import type { State } from "../core/state.ts";
import type { SnapshotBatch } from "../ports.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { HistoryWriter } from "./history-writer.ts";
import { pageKeyOf, payloadKeyOf } from "./keys.ts";
import { PageEncoder } from "./page-codec.ts";

/** Writes frozen pages, each once, whoever asks first: the checkpoint in its turn, or `apply` before it changes one. */
export class PageWriter {
  readonly #state: State;
  readonly #batch: SnapshotBatch;
  readonly #history: HistoryWriter;
  readonly #bytes = new ByteWriter();
  readonly #encoder: PageEncoder;
  #payloads: ReadonlySet<number> = new Set();
  #failure: unknown;

  constructor(state: State, batch: SnapshotBatch, history: HistoryWriter) {
    this.#state = state;
    this.#batch = batch;
    this.#history = history;
    this.#encoder = new PageEncoder(state, this.#bytes);
  }

  /** To be called with what was frozen before the first page. */
  begin(changes: FrozenChanges): void {
    this.#payloads = changes.payloads;
  }

  /** Writes a page that is frozen. Does not throw, as `apply` must not be stopped by it: see `check`. */
  write(page: number): void {
    try {
      this.#write(page);
    } catch (error) {
      this.#failure ??= error;
    }
    this.#state.changes.release(page);
  }

  /** Throws what kept a page from being written, if anything did. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #write(page: number): void {
    const large = new Set<number>();
    this.#bytes.clear();
    this.#encoder.encode(page, (slot, bytes) => {
      large.add(slot);
      // One that has not changed stands there already.
      if (this.#payloads.has(slot)) this.#batch.put(payloadKeyOf(slot), bytes);
    });
    this.#batch.put(pageKeyOf(page), this.#bytes.bytes());
    const end = Math.min((page + 1) * slotsPerPage, this.#state.timers.slotCount);
    for (let slot = page * slotsPerPage; slot < end; slot++) {
      if (this.#payloads.has(slot) && !large.has(slot)) this.#batch.remove(payloadKeyOf(slot));
      this.#history.write(slot);
    }
  }
}
