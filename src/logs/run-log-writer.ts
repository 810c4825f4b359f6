/**
 * Appends the output of one attempt to the log of its run. Whoever executes the attempt has one, in whatever process
 * or thread: writes are synchronous and go to the end of the file, so nothing is lost when that process dies, and
 * several writers do not overwrite each other. Nothing here ever fails the attempt.
 */

import { closeSync, constants, fstatSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { OutputFile } from "../ports.ts";
import { encodeMark, type RunLogMark } from "./run-log-format.ts";

/** The calls to the file system that a writer makes; others in tests. */
export interface AppendFiles {
  /** Opens the file at `path` for appending, made with its folder when it is not there; only for its owner. */
  open(path: string): number;
  /** Its bytes now. */
  size(file: number): number;
  /** Bytes of `from` that were appended; may be fewer. */
  append(file: number, from: Uint8Array): number;
  close(file: number): void;
}

/** Which attempt prints, and who hears of trouble. */
export interface RunLogWriterOptions {
  readonly attempt: number;
  readonly startedAtMs: number;
  /** Called once for this writer, when output cannot be kept: the disk is full, for instance. */
  readonly onTrouble?: ((error: Error) => void) | undefined;
  readonly files?: AppendFiles | undefined;
}

// Windows has no O_NOFOLLOW, and `|` takes the undefined there for 0. Reading is for the last byte there is.
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** The real files. */
export const appendFiles: AppendFiles = {
  open(path) {
    for (let tries = 2; ; tries -= 1) {
      try {
        return openSync(path, flags, 0o600);
      } catch (error) {
        // The folder is not there yet, or an empty one was swept away between the two calls.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries === 0) throw error;
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      }
    }
  },
  size: (file) => fstatSync(file).size,
  append: (file, from) => writeSync(file, from),
  close: (file) => closeSync(file),
};

const lineFeed = 0x0a;

/** The log of one attempt. Nothing is opened, and no file made, before the first byte. */
export class RunLogWriter {
  readonly #file: OutputFile;
  readonly #options: RunLogWriterOptions;
  readonly #files: AppendFiles;
  #handle: number | undefined;
  /** The next byte comes at the start of a line. */
  #isAtLineStart = true;
  #hasBegun = false;
  #isFull = false;
  #isClosed = false;
  #hasTold = false;
  /** Bytes that could not be written since the last that could. */
  #lostBytes = 0;

  constructor(file: OutputFile, options: RunLogWriterOptions) {
    this.#file = file;
    this.#options = options;
    this.#files = options.files ?? appendFiles;
  }

  /** Appends output, as far as the limit of the file allows. Never throws. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isFull || this.#isClosed) return;
    let written = 0;
    try {
      const handle = this.#open();
      if (this.#isFull) return;
      if (this.#lostBytes > 0) this.#note(handle, { kind: "lost", bytes: this.#lostBytes });
      this.#lostBytes = 0;
      const room = this.#file.bytesMax - this.#files.size(handle);
      const fitting = bytes.length <= room ? bytes : bytes.subarray(0, Math.max(0, room));
      while (written < fitting.length) written += this.#appendOutput(handle, fitting.subarray(written));
      if (fitting.length === bytes.length) return;
      this.#isFull = true;
      this.#note(handle, { kind: "cut", bytesMax: this.#file.bytesMax });
    } catch (error) {
      this.#lostBytes += bytes.length - written;
      this.#trouble(error);
    }
  }

  /** Gives the file back; what is written afterwards is dropped. Never throws. */
  close(): void {
    this.#isClosed = true;
    if (this.#handle === undefined) return;
    try {
      this.#files.close(this.#handle);
    } catch (error) {
      this.#trouble(error);
    }
    this.#handle = undefined;
  }

  #open(): number {
    const handle = this.#handle ?? this.#files.open(this.#file.path);
    this.#handle = handle;
    if (this.#hasBegun) return handle;
    const size = this.#files.size(handle);
    // An attempt before this one has filled it, and has said so.
    this.#isFull = size >= this.#file.bytesMax;
    if (this.#isFull) return handle;
    // Whether the output before ended its line is not known: an empty line too many does no harm.
    this.#isAtLineStart = size === 0;
    const { attempt, startedAtMs } = this.#options;
    this.#note(handle, { kind: "attempt", attempt, atMs: startedAtMs });
    this.#hasBegun = true;
    return handle;
  }

  #note(handle: number, mark: RunLogMark): void {
    const line = encodeMark(mark);
    const bytes = this.#isAtLineStart ? line : Buffer.concat([Uint8Array.of(lineFeed), line]);
    for (let written = 0; written < bytes.length; ) written += this.#files.append(handle, bytes.subarray(written));
    this.#isAtLineStart = true;
  }

  #appendOutput(handle: number, bytes: Uint8Array): number {
    const written = this.#files.append(handle, bytes);
    if (written > 0) this.#isAtLineStart = bytes[written - 1] === lineFeed;
    return written;
  }

  #trouble(error: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#options.onTrouble?.(error instanceof Error ? error : new Error(String(error)));
  }
}
