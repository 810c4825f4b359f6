/** The end of what the newest run of a timer has printed, from its file: the runtime is not asked for it. */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { listRunLogs } from "../../src/logs/run-log-reader.ts";
import { RunLogSplitter } from "../../src/logs/run-log-splitter.ts";
import type { OutputFacts } from "../../src/tui/facts.ts";
import { TerminalText } from "../terminal-text.ts";

const tailBytes = 8 * 1024;
const linesMax = 40;

/** Undefined when nothing is kept, or it cannot be read. */
export function lastOutput(dataDir: string, timerId: string): OutputFacts | undefined {
  try {
    const [newest] = listRunLogs(dataDir, timerId);
    if (newest === undefined) return undefined;
    return { runId: newest.runId, lines: linesOf(readEnd(newest.path)) };
  } catch {
    // The directory may be another user's; everything else is worth showing all the same.
    return undefined;
  }
}

function readEnd(path: string): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(file, bytes, 0, bytes.length, Math.max(0, size - tailBytes));
    return bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

function linesOf(bytes: Uint8Array): string[] {
  const splitter = new RunLogSplitter();
  const text = new TerminalText(false);
  let all = "";
  for (const piece of [...splitter.push(bytes), ...splitter.end()]) {
    if (piece.kind === "output") all += text.push(piece.bytes);
  }
  all += text.end();
  return all
    .split("\n")
    .filter((line) => line !== "")
    .slice(-linesMax);
}
