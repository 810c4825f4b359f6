/** Takes the bytes of a run's log apart: output, and Kron's own lines in between (see `run-log-format.ts`). */

import { decodeMark, markByte, markBytesMax, type RunLogMark } from "./run-log-format.ts";

/** A piece of a log. */
export type RunLogPiece =
  | { readonly kind: "output"; readonly bytes: Uint8Array }
  | { readonly kind: "mark"; readonly mark: RunLogMark };

const lineFeed = 0x0a;

/** Splits a log that comes in chunks of any size. */
export class RunLogSplitter {
  /** The beginning of what may be a line of Kron's own. */
  #pending: Buffer = Buffer.alloc(0);
  #isAtLineStart = true;

  /** The pieces of which `chunk` is the last part; what may still become a mark is kept for later. */
  push(chunk: Uint8Array): RunLogPiece[] {
    const bytes = Buffer.concat([this.#pending, chunk]);
    this.#pending = Buffer.alloc(0);
    const pieces: RunLogPiece[] = [];
    let outputFrom = 0;
    let at = 0;
    while (at < bytes.length) {
      const isMark = this.#isAtLineStart && bytes[at] === markByte;
      const end = bytes.indexOf(lineFeed, at);
      if (isMark && end === -1 && bytes.length - at < markBytesMax) {
        this.#pending = bytes.subarray(at);
        break;
      }
      const next = end === -1 ? bytes.length : end + 1;
      const mark =
        isMark && end !== -1 && next - at <= markBytesMax ? decodeMark(bytes.toString("utf8", at + 1, end)) : undefined;
      if (mark !== undefined) {
        if (at > outputFrom) pieces.push({ kind: "output", bytes: bytes.subarray(outputFrom, at) });
        pieces.push({ kind: "mark", mark });
        outputFrom = next;
      }
      this.#isAtLineStart = end !== -1;
      at = next;
    }
    if (at > outputFrom) pieces.push({ kind: "output", bytes: bytes.subarray(outputFrom, at) });
    return pieces;
  }

  /** What was kept, as nothing follows it. */
  end(): RunLogPiece[] {
    const bytes = this.#pending;
    this.#pending = Buffer.alloc(0);
    return bytes.length === 0 ? [] : [{ kind: "output", bytes }];
  }
}
