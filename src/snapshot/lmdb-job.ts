/** What is said between whoever wants something written by LMDB and the thread that does it. */

import type { BatchChunk } from "./batch-chunks.ts";

/** The size of a page in the files we make; the same on all machines, whatever the size of their pages. */
export const lmdbPageBytes = 4096;

/** What the thread is to do. */
export interface LmdbJob {
  readonly path: string;
  readonly chunks: readonly BatchChunk[];
  /** 0 not begun, 1 LMDB is at work, 2 over, 3 the process is ending: do not begin. */
  readonly gate: Int32Array<SharedArrayBuffer>;
}

/** What became of it. */
export type LmdbResult =
  | { readonly kind: "done" }
  /** lmdb or its binary is missing here; nothing was written. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** `code` is LMDB's: an error number of the operating system, or a negative one of its own. */
  | { readonly kind: "failed"; readonly message: string; readonly code: number | undefined };
