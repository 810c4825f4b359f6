/**
 * The output of an app: shown line by line, each with the instance and stream it came from in front, and kept as it is
 * in `logs/app.log`. A terminal that takes its time makes the app wait, as it would by itself.
 */

import type { Readable, Writable } from "node:stream";

/** Where it goes. */
export interface AppOutputOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Keeps bytes as they come. */
  readonly keep: (bytes: Uint8Array) => void;
  readonly useColor: boolean;
}

/** A line is shown in parts when it is longer than this. */
const lineBytesMax = 64 * 1024;
const lineFeed = 0x0a;
const colors = [36, 33, 32, 35, 34, 31];

/** Shows and keeps output. */
export class AppOutput {
  readonly #options: AppOutputOptions;
  readonly #waiting = new Map<Writable, Set<Readable>>();

  constructor(options: AppOutputOptions) {
    this.#options = options;
  }

  /** Takes a stream of an instance, to its end. */
  take(instance: number, stream: "stdout" | "stderr", readable: Readable): void {
    const target = this.#options[stream];
    const prefix = this.#prefix(instance, stream);
    let rest: Buffer = Buffer.alloc(0);
    readable.on("data", (chunk: Buffer) => {
      this.#options.keep(chunk);
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const lines = bytes.lastIndexOf(lineFeed) + 1;
      const end = bytes.length - lines > lineBytesMax ? bytes.length : lines;
      // A copy, as the chunk is a window into a pool.
      rest = Buffer.from(bytes.subarray(end));
      if (end > 0) this.#show(prefix, bytes.subarray(0, end), target, readable);
    });
    readable.on("end", () => {
      if (rest.length > 0) this.#show(prefix, rest, target, readable);
    });
    // The pipe of a process that was killed may break; that it ended is told otherwise.
    readable.on("error", () => undefined);
  }

  #show(prefix: string, bytes: Buffer, target: Writable, from: Readable): void {
    if (target.destroyed || target.writableEnded) return;
    let text = "";
    for (let start = 0; start < bytes.length; ) {
      const feed = bytes.indexOf(lineFeed, start);
      const end = feed === -1 ? bytes.length : feed;
      text += `${prefix}${bytes.toString("utf8", start, end)}\n`;
      start = end + 1;
    }
    if (!target.write(text)) this.#wait(from, target);
  }

  #wait(from: Readable, target: Writable): void {
    from.pause();
    const waiting = this.#waiting.get(target);
    if (waiting !== undefined) {
      waiting.add(from);
      return;
    }
    const readers = new Set([from]);
    this.#waiting.set(target, readers);
    // A terminal that goes away takes nothing more, and the app must not wait for it.
    const events = ["drain", "close", "error"] as const;
    const goOn = (): void => {
      for (const event of events) target.off(event, goOn);
      this.#waiting.delete(target);
      for (const readable of readers) readable.resume();
    };
    for (const event of events) target.on(event, goOn);
  }

  /** `app-0 | ` for what is said, `app-0 ! ` for what goes to standard error. */
  #prefix(instance: number, stream: "stdout" | "stderr"): string {
    const text = `app-${instance} ${stream === "stdout" ? "|" : "!"} `;
    if (!this.#options.useColor) return text;
    return `\u001b[${colors[instance % colors.length]}m${text}\u001b[0m`;
  }
}
