/**
 * The lock that makes one process the writer of a data directory: `flock(2)` on `kron.lock`, held for life.
 *
 * The system gives it back when the process ends, however it ends, so there is no stale lock to break. The
 * file is left in place: removing it would let two processes each hold "the" lock. Node has no file locks,
 * so the call goes through koffi; where koffi or flock is missing (Windows) the journal cannot be opened for
 * writing, and says so.
 */

import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { constants as systemConstants } from "node:os";
import { join } from "node:path";
import { KronError } from "../core/errors.ts";
import { lockName } from "./files.ts";

/** A lock that is held. */
export interface DirectoryLock {
  /** Gives the lock back. */
  release(): void;
}

/** Takes the lock of a directory. Throws `KRON_DIR_LOCKED` when another holds it. */
export type AcquireLock = (directory: string) => DirectoryLock;

type Koffi = typeof import("koffi");

const lockExclusive = 2;
const lockNonBlocking = 4;

// On every system that has flock, EWOULDBLOCK is EAGAIN.
const { EAGAIN: wouldBlock, EINTR: interrupted } = systemConstants.errno;

/** One try at an exclusive lock on an open file, without waiting: 0, or the errno. */
export type Flock = (file: number) => number;

let flock: Flock | undefined;

/** Takes the lock with `flock(2)`. Throws `KRON_DIR_LOCKED`, or `KRON_DIR_UNUSABLE` where locks do not work. */
export const acquireLock: AcquireLock = (directory) => {
  flock ??= loadFlock();
  return lockWith(flock, directory);
};

/** Takes the lock with `tryLock`. Throws as `acquireLock` does. */
export function lockWith(tryLock: Flock, directory: string): DirectoryLock {
  const path = join(directory, lockName);
  // Windows has no O_NOFOLLOW, and `|` takes the undefined there for 0.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const file = openSync(path, flags, 0o600);
  try {
    let errno = tryLock(file);
    while (errno === interrupted) errno = tryLock(file);
    if (errno === wouldBlock) throw lockedError(directory, path);
    if (errno !== 0) throw noLocks(`flock failed on ${path} with errno ${errno}`, undefined);
    ftruncateSync(file, 0);
    writeSync(file, `${JSON.stringify({ pid: process.pid, bootId: readBootId() })}\n`, 0);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return { release: () => closeSync(file) };
}

// Called when it is needed and not before: a process that only reads never is.
const loadKoffi = (): Koffi => createRequire(import.meta.url)("koffi") as Koffi;

/** The system's `flock`. Throws `KRON_DIR_UNUSABLE` where koffi, or the function, is missing. */
export function loadFlock(load = loadKoffi): Flock {
  try {
    const koffi = load();
    const call = koffi.load(null).func("int flock(int, int)");
    return (file) => ((call(file, lockExclusive | lockNonBlocking) as number) === 0 ? 0 : koffi.errno());
  } catch (cause) {
    throw noLocks(`koffi could not find flock on ${process.platform}-${process.arch}`, cause);
  }
}

function noLocks(why: string, cause: unknown): KronError {
  return new KronError("KRON_DIR_UNUSABLE", `Expected a system with flock(2) and a file system that knows it: ${why}`, {
    cause,
    hint: "Use Linux, macOS or a BSD, and a local file system",
  });
}

function lockedError(directory: string, path: string): KronError {
  const pid = readHolder(path);
  const who = pid === undefined ? "another process" : `process ${pid}`;
  return new KronError("KRON_DIR_LOCKED", `Expected ${directory} to be free, but ${who} holds it`, {
    hint: "Join that process with start({ attach: true }), stop it, or use another directory",
    details: pid === undefined ? { directory } : { directory, pid },
  });
}

/** The holder's pid; undefined while it has not written it, or when what is there is from another boot. */
function readHolder(path: string): number | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof holder !== "object" || holder === null) return undefined;
    const { pid, bootId } = holder as { pid?: unknown; bootId?: unknown };
    return typeof pid === "number" && bootId === readBootId() ? pid : undefined;
  } catch {
    // The holder is between taking the lock and writing its pid; the message does without.
    return undefined;
  }
}

/** Tells one start of the machine from another; empty where there is no such thing. */
export function readBootId(path = "/proc/sys/kernel/random/boot_id"): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // Only Linux has it. Without, a pid of an earlier boot could be named for a moment.
    return "";
  }
}
