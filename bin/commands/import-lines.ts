/** The lines of a file or of standard input, one at a time, in bounded memory. */

import { createReadStream } from "node:fs";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Progress } from "../../src/ports.ts";
import { CommandError, ExitCode } from "../exit-codes.ts";
import { counted, printable } from "../printable.ts";

/** The longest line, in bytes: a payload of the largest size with every character escaped fits. */
export const lineBytesMax = 4 * 1024 * 1024;

const newline = 0x0a;

/** A line and its number, from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/**
 * Lines that are not blank of the file at `path`, or of standard input when it is `-`. Throws a `CommandError` for a
 * line that is too long or no UTF-8, and for a file that cannot be read.
 */
export async function* linesOf(path: string, progress: Progress): AsyncGenerator<NumberedLine> {
  // A pipe or a device has no size worth telling.
  progress.begin("reading lines", "bytes", path === "-" ? undefined : nodeDisk.stat(path)?.bytes || undefined);
  const source: AsyncIterable<Buffer> = path === "-" ? process.stdin : createReadStream(path);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 1;
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (part: Buffer): void => {
    bytes += part.length;
    if (bytes > lineBytesMax) throw unreadable(number, `it is longer than ${counted(lineBytesMax, "byte")}`);
    parts.push(part);
  };
  const text = (): string => {
    const line = decode(decoder, Buffer.concat(parts), number);
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of readable(source, path)) {
    progress.add(chunk.length, "bytes");
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      take(chunk.subarray(from, end));
      const line = text();
      if (line.trim() !== "") yield { number, text: line };
      number += 1;
      from = end + 1;
    }
    take(chunk.subarray(from));
  }
  const last = text();
  if (last.trim() !== "") yield { number, text: last };
}

async function* readable(source: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const exitCode = code === "ENOENT" ? ExitCode.NOT_FOUND : ExitCode.FAILURE;
    throw new CommandError(exitCode, `Expected to read ${printable(path)}: ${message}`);
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array, number: number): string {
  try {
    return decoder.decode(bytes);
  } catch {
    // The decoder says no more than that it is none.
    throw unreadable(number, "it is no UTF-8");
  }
}

function unreadable(number: number, why: string): CommandError {
  return new CommandError(ExitCode.USAGE, `Expected a line of JSON at line ${number}: ${why}; nothing was changed`);
}
