/** Reads logs of runs, also while they are written: which there are, what is in one, and what is added to it. */

import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../ports.ts";
import { waitForChange } from "./file-change.ts";
import { runLogsPath, runOfFile, timerFolder } from "./run-log-paths.ts";

/** A log there is. */
export interface RunLogInfo {
  readonly runId: string;
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** How a log is followed. */
export interface FollowOptions {
  readonly clock: Clock;
  /** Whether nothing will be added any more; asked whenever the end of the file was reached. */
  readonly isOver: () => boolean | Promise<boolean>;
  /** How often the file is looked at when nobody tells of changes; default 500 ms. */
  readonly pollMs?: number;
}

const chunkBytes = 64 * 1024;
const pollMsDefault = 500;
const flags = constants.O_RDONLY | constants.O_NOFOLLOW;

/** The logs of a timer's runs, the newest first; none when it has not printed anything that is still kept. */
export function listRunLogs(dataDir: string, timerId: string): RunLogInfo[] {
  const folder = join(runLogsPath(dataDir), timerFolder(timerId));
  return namesIn(folder)
    .sort()
    .reverse()
    .flatMap((name) => {
      const runId = runOfFile(name);
      const path = join(folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (runId === undefined || found?.isFile() !== true) return [];
      return [{ runId, path, bytes: found.size, modifiedMs: found.mtimeMs }];
    });
}

/** The bytes of a log, in pieces that are valid until the next one; nothing when it is not there. */
export function* readRunLog(path: string): Generator<Uint8Array> {
  const file = openLog(path);
  if (file === undefined) return;
  try {
    yield* readOn(file, { position: 0 });
  } finally {
    closeSync(file);
  }
}

/**
 * The bytes of a log that may not be there yet, then what is added to it, until `isOver`. When the file becomes shorter
 * it is read from its start again.
 */
export async function* followRunLog(path: string, options: FollowOptions): AsyncGenerator<Uint8Array> {
  const { clock, isOver, pollMs = pollMsDefault } = options;
  let file: number | undefined;
  const place = { position: 0 };
  try {
    for (let isLast = false; ; ) {
      file ??= openLog(path);
      if (file !== undefined) yield* readOn(file, place);
      if (isLast) return;
      isLast = await isOver();
      if (!isLast) await waitForChange(file === undefined ? undefined : path, clock, pollMs);
    }
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function* readOn(file: number, place: { position: number }): Generator<Uint8Array> {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  if (fstatSync(file).size < place.position) place.position = 0;
  for (;;) {
    const bytes = readSync(file, chunk, 0, chunkBytes, place.position);
    if (bytes === 0) return;
    place.position += bytes;
    yield chunk.subarray(0, bytes);
  }
}

function openLog(path: string): number | undefined {
  try {
    return openSync(path, flags);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}
