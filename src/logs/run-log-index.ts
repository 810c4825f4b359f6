/** What is known of the logs of runs on the disk, a folder at a time, and their removal when there are too many. */

import { readdirSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { LogSettings } from "../core/log-options.ts";
import { runOfFile } from "./run-log-paths.ts";

interface RunLogEntry {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** A file takes up whole blocks, and so counts: many small logs fill a disk as well as one large one. */
const blockBytes = 4_096;
/** After the limit of all was passed, there is to be room for a while. */
const keptShare = 0.9;

/** The logs of all timers, as far as their folders have been looked at. */
export class RunLogIndex {
  readonly #path: string;
  readonly #limits: LogSettings;
  readonly #onTrouble: (error: unknown) => void;
  /** Logs by folder, the oldest first. */
  readonly #folders = new Map<string, RunLogEntry[]>();
  #bytes = 0;
  /** What has to go as there is too much in all; the oldest last. */
  #surplus: { readonly folder: string; readonly entry: RunLogEntry }[] = [];

  constructor(path: string, limits: LogSettings, onTrouble: (error: unknown) => void) {
    this.#path = path;
    this.#limits = limits;
    this.#onTrouble = onTrouble;
  }

  /** Bytes that all known logs take up. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether `trim` has something to do. */
  get isOverfull(): boolean {
    return this.#surplus.length > 0 || this.#bytes > this.#limits.bytes;
  }

  /** The names of all folders there are. */
  list(): string[] {
    return this.#namesIn(this.#path);
  }

  /** Folders in which something is too old at `nowMs`. */
  aged(nowMs: number): string[] {
    const isAged = ([, logs]: [string, RunLogEntry[]]) => logs.some((log) => this.#isTooOld(log, nowMs));
    return [...this.#folders].filter(isAged).map(([folder]) => folder);
  }

  /** Looks at a folder again and removes what is too old or too many in it. Returns how many files it looked at. */
  sweep(folder: string, nowMs: number): number {
    const found = this.#namesIn(join(this.#path, folder))
      .filter((name) => runOfFile(name) !== undefined)
      // As run ids grow, the names sort by age.
      .sort()
      .flatMap((name) => this.#look(folder, name));
    const surplus = found.length - this.#limits.runs;
    const kept = found.filter((log, index) => {
      const hasToGo = index < surplus || this.#isTooOld(log, nowMs);
      return !hasToGo || !this.#remove(folder, log.name);
    });
    this.#set(folder, kept);
    if (found.length > 0 && kept.length === 0) this.#removeFolder(folder);
    return found.length;
  }

  /** Removes at most `filesMax` logs, the oldest of all, while there are too many bytes. Returns how many. */
  trim(filesMax: number): number {
    if (this.#surplus.length === 0) this.#surplus = this.#findSurplus();
    let removed = 0;
    for (; removed < filesMax; removed += 1) {
      const next = this.#surplus.pop();
      if (next === undefined) break;
      const { folder, entry } = next;
      const kept = (this.#folders.get(folder) ?? []).filter(({ name }) => name !== entry.name);
      // What cannot be removed is told of, and found again when its timer runs.
      this.#remove(folder, entry.name);
      this.#set(folder, kept);
      if (kept.length === 0) this.#removeFolder(folder);
    }
    return removed;
  }

  #findSurplus(): { folder: string; entry: RunLogEntry }[] {
    const all = [...this.#folders].flatMap(([folder, logs]) => logs.map((entry) => ({ folder, entry })));
    all.sort((a, b) => a.entry.modifiedMs - b.entry.modifiedMs);
    let excess = this.#bytes - this.#limits.bytes * keptShare;
    const count = all.findIndex(({ entry }) => {
      if (excess <= 0) return true;
      excess -= spaceOf(entry);
      return false;
    });
    return (count === -1 ? all : all.slice(0, count)).reverse();
  }

  #set(folder: string, logs: RunLogEntry[]): void {
    for (const log of this.#folders.get(folder) ?? []) this.#bytes -= spaceOf(log);
    for (const log of logs) this.#bytes += spaceOf(log);
    if (logs.length > 0) this.#folders.set(folder, logs);
    else this.#folders.delete(folder);
  }

  #isTooOld(log: RunLogEntry, nowMs: number): boolean {
    return nowMs - log.modifiedMs > this.#limits.ageMs;
  }

  #namesIn(path: string): string[] {
    try {
      return readdirSync(path);
    } catch (error) {
      // Nothing has been printed yet, or the folder was swept away.
      if (!isMissing(error)) this.#onTrouble(error);
      return [];
    }
  }

  #look(folder: string, name: string): RunLogEntry[] {
    try {
      const { size, mtimeMs } = statSync(join(this.#path, folder, name));
      return [{ name, bytes: size, modifiedMs: mtimeMs }];
    } catch (error) {
      if (!isMissing(error)) this.#onTrouble(error);
      return [];
    }
  }

  /** Whether it is gone. */
  #remove(folder: string, name: string): boolean {
    try {
      unlinkSync(join(this.#path, folder, name));
    } catch (error) {
      if (isMissing(error)) return true;
      this.#onTrouble(error);
      return false;
    }
    return true;
  }

  #removeFolder(folder: string): void {
    try {
      rmdirSync(join(this.#path, folder));
    } catch {
      // A run has begun to print, or someone keeps a file of theirs in it: then the folder stays.
    }
  }
}

function spaceOf({ bytes }: RunLogEntry): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}
