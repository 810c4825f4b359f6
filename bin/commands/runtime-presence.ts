/**
 * Whether a runtime holds a directory, as far as can be seen without touching its lock: asking for the lock,
 * even for a moment, could keep a runtime that is just starting from getting it.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { State } from "../../src/core/state.ts";
import { lockName } from "../../src/journal/files.ts";

/** The runtime that wrote last. `ended`: it is gone and had not closed the log in good order. */
export interface RuntimePresence {
  readonly state: "running" | "stopped" | "ended" | "never";
  /** The process, while it is there. */
  readonly pid: number | undefined;
}

/** Looks at the log's last word and at the process that is named in the lock file. */
export function findRuntime(directory: string, state: State): RuntimePresence {
  const pid = state.isRunning ? findLockHolder(directory) : undefined;
  if (pid !== undefined) return { state: "running", pid };
  if (state.isRunning) return { state: "ended", pid: undefined };
  return { state: state.boot === "" ? "never" : "stopped", pid: undefined };
}

/** The process that is named in the lock file, while it lives and holds a lock. */
export function findLockHolder(directory: string): number | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(join(directory, lockName), "utf8"));
    const { pid, bootId } = holder as { pid?: unknown; bootId?: unknown };
    if (typeof pid !== "number" || bootId !== readBootId() || !isAlive(pid) || !holdsLock(pid)) return undefined;
    return pid;
  } catch {
    // No lock file, or one that is just being written: then nothing can be said of a process.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Whether the process holds any `flock` lock: one that closed the directory and lives on does not. Where the
 * system keeps no list of locks the process is believed.
 */
function holdsLock(pid: number): boolean {
  try {
    const locks = readFileSync("/proc/locks", "utf8");
    return locks.split("\n").some((line) => new RegExp(`\\bFLOCK\\b.*\\bWRITE ${pid} `).test(line));
  } catch {
    // Only Linux has it.
    return true;
  }
}

/** Tells one start of the machine from another, as the lock file does; empty where there is no such thing. */
function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Only Linux has it.
    return "";
  }
}
