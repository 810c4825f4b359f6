/**
 * What has changed since the last checkpoint, by page: 32 neighbouring slots of the timer table are written
 * together. `apply` touches a slot before it changes anything that belongs to it (columns, payload, retries,
 * live runs, history), which marks the page.
 *
 * A checkpoint freezes the marked pages and writes them over many turns, while entries go on being applied. A
 * frozen page that is about to change is written at that moment, so that what is written is the state as of
 * one index: copy on write.
 *
 *     clean ──touch──▶ dirty ──freeze──▶ frozen ──release──▶ clean
 *                                          │ touch: captured first, and dirty again
 */

import { assert } from "./assert.ts";
import { byteColumn } from "./column.ts";

/** Timer slots that are written together. */
export const slotsPerPage = 32;
const clean = 0;
const dirty = 1;
const frozen = 2;

/** Writes a frozen page; called at the latest before its next change. */
export type CapturePage = (page: number) => void;

/** Marks of pages, and of what is kept outside of them. */
export class Changes {
  readonly #marks = byteColumn();
  #pages: number[] = [];
  #payloads = new Set<number>();
  #capture: CapturePage | undefined;

  /** To be called before anything of the slot changes. */
  touch(slot: number): void {
    const page = Math.floor(slot / slotsPerPage);
    const mark = this.#marks.get(page);
    if (mark === dirty) return;
    if (mark === frozen) this.#capture?.(page);
    this.#pages.push(page);
    this.#marks.set(page, dirty);
  }

  /** To be called when a payload is set or taken away, after `touch`. */
  touchPayload(slot: number): void {
    this.#payloads.add(slot);
  }

  /** Pages that have changed since the last `freeze`. */
  get pageCount(): number {
    return this.#pages.length;
  }

  /**
   * Freezes what has changed and begins anew. `capture` is called with a frozen page before it changes again.
   * Returns the pages, each to be written and released, and the slots whose payload changed.
   */
  freeze(capture: CapturePage): FrozenChanges {
    assert(this.#capture === undefined, "one checkpoint runs at a time");
    const taken: FrozenChanges = { pages: this.#pages, payloads: this.#payloads };
    this.#pages = [];
    this.#payloads = new Set();
    this.#capture = capture;
    for (const page of taken.pages) this.#marks.set(page, frozen);
    return taken;
  }

  /** Whether the page is frozen and not yet written. */
  isFrozen(page: number): boolean {
    return this.#marks.get(page) === frozen;
  }

  /** The page has been written as it was when it was frozen. */
  release(page: number): void {
    if (this.isFrozen(page)) this.#marks.set(page, clean);
  }

  /** The checkpoint is over. Unless it was `written`, all that was frozen counts as changed again. */
  thaw(taken: FrozenChanges, isWritten: boolean): void {
    this.#capture = undefined;
    if (isWritten) return;
    for (const page of taken.pages) {
      if (this.#marks.get(page) !== dirty) this.#pages.push(page);
      this.#marks.set(page, dirty);
    }
    for (const slot of taken.payloads) this.#payloads.add(slot);
  }
}

/** What one checkpoint has to write. */
export interface FrozenChanges {
  readonly pages: readonly number[];
  readonly payloads: ReadonlySet<number>;
}
