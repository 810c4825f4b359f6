/** Output of a thread: what goes to stdout and stderr is handed on in the moment in which it is written. */

import type { OutputFile } from "../ports.ts";

/** Where the output of one attempt goes. Nothing here throws. */
export interface RunOutput {
  /** Writes to the disk before it returns, so that what was said just before an exit or a crash is there. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Opens the file of a run for one of its attempts; `onTrouble` hears of output that cannot be kept. */
export type OpenOutput = (
  file: OutputFile,
  attempt: { readonly attempt: number; readonly startedAtMs: number },
  onTrouble: (error: Error) => void,
) => RunOutput;

type Finish = (error?: Error | null) => void;

/**
 * Has everything written to `process.stdout` and `process.stderr` given to `take`.
 *
 * A thread's own streams send their text to the main thread in a later turn, which never comes when it exits.
 */
export function captureOutput(take: (bytes: Uint8Array) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = (chunk: unknown, encodingOrDone?: unknown, whenDone?: unknown): boolean => {
      const encoding = typeof encodingOrDone === "string" ? (encodingOrDone as BufferEncoding) : "utf8";
      const done = typeof encodingOrDone === "function" ? encodingOrDone : whenDone;
      take(typeof chunk === "string" ? Buffer.from(chunk, encoding) : toBytes(chunk));
      if (typeof done === "function") process.nextTick(done as Finish);
      return true;
    };
    stream.write = write;
  }
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError("Expected a text or bytes to be written");
}
