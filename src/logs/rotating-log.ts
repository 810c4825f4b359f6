/**
 * A text log of limited size, such as `logs/app.log`: when it has grown to its limit it becomes `app.log.1`, that one
 * `app.log.2`, and so on, and the oldest goes. Writes are synchronous; a full disk costs output and nothing else.
 */

import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** How a log rotates. */
export interface RotatingLogOptions {
  readonly path: string;
  /** What a file may grow to; a single write is never split, and a larger one has a file to itself. */
  readonly bytesMax: number;
  /** Older files that are kept, from 0. */
  readonly olderMax: number;
  /** Called when output cannot be kept, and again only after it could. */
  readonly onTrouble?: ((error: Error) => void) | undefined;
}

const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** Appends to a file that is replaced when it is large. */
export class RotatingLog {
  readonly #options: RotatingLogOptions;
  #file: number | undefined;
  #bytes = 0;
  #isInTrouble = false;
  #isClosed = false;

  constructor(options: RotatingLogOptions) {
    this.#options = options;
  }

  /** Appends text or bytes, which should end with a line. Never throws. */
  write(output: string | Uint8Array): void {
    if (this.#isClosed || output.length === 0) return;
    const bytes = typeof output === "string" ? Buffer.from(output, "utf8") : output;
    try {
      this.#append(bytes);
      this.#isInTrouble = false;
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** Opens the file anew at the next write, after someone else has moved it away. Never throws. */
  reopen(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    try {
      closeSync(file);
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** Gives the file back; what is written afterwards is dropped. Never throws. */
  close(): void {
    this.reopen();
    this.#isClosed = true;
  }

  #append(bytes: Uint8Array): void {
    const isTooMuch = (): boolean => this.#bytes > 0 && this.#bytes + bytes.length > this.#options.bytesMax;
    let file = this.#file ?? this.#open();
    if (isTooMuch()) {
      this.#rotate();
      file = this.#open();
    }
    for (let written = 0; written < bytes.length; ) {
      const more = writeSync(file, bytes, written);
      written += more;
      this.#bytes += more;
    }
  }

  #open(): number {
    const { path } = this.#options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(path, flags, 0o600);
    this.#file = file;
    this.#bytes = fstatSync(file).size;
    return file;
  }

  #rotate(): void {
    const { path, olderMax } = this.#options;
    this.reopen();
    if (olderMax === 0) rmSync(path, { force: true });
    for (let number = olderMax; number > 0; number -= 1) {
      moveIfThere(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`);
    }
  }

  #trouble(error: unknown): void {
    if (!this.#isInTrouble) this.#options.onTrouble?.(error instanceof Error ? error : new Error(String(error)));
    this.#isInTrouble = true;
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // There are not that many files yet.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
