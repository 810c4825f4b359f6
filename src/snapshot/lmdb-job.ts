/** What is said between whoever wants something written by LMDB and the thread that does it. */

import type { BatchChunk } from "./batch-chunks.ts";

/** The size of a page in the files we make; the same on all machines, whatever the size of their pages. */
export const lmdbPageBytes = 4096;

/** What the thread is to do. */
export interface LmdbJob {
  readonly path: string;
  readonly chunks: readonly BatchChunk[];
  /** How far the thread is, as one of the numbers below; and what it may still do. */
  readonly gate: Int32Array<SharedArrayBuffer>;
}

/** The thread has not begun. */
export const gateOpen = 0;
/** lmdb is being loaded or at work: the process may not end. */
export const gateBusy = 1;
/** The thread is done with lmdb. */
export const gateOver = 2;
/** The process is ending: do not begin. */
export const gateShut = 3;
/** The process is ending, and waits for what was begun; no transaction is to follow. */
export const gateEnding = 4;

/** What became of it. */
export type LmdbResult =
  | { readonly kind: "done" }
  /** lmdb or its binary is missing here; nothing was written. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** `code` is LMDB's: an error number of the operating system, or a negative one of its own. */
  | { readonly kind: "failed"; readonly message: string; readonly code: number | undefined };
