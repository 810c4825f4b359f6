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

const lockExclusive = 2;
const lockNonBlocking = 4;

/** `flock` as a function of this process, with the errno it left behind. */
interface Flock {
  /** 0, or the errno. */
  tryLock(file: number): number;
  readonly wouldBlock: number;
  readonly interrupted: number;
}

let flock: Flock | undefined;

/** Takes the lock with `flock(2)`. Throws `KRON_DIR_LOCKED`, or `KRON_DIR_UNUSABLE` where locks do not work. */
export const acquireLock: AcquireLock = (directory) => {
  flock ??= loadFlock();
  const path = join(directory, lockName);
  const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  const file = openSync(path, flags, 0o600);
  try {
    let errno = flock.tryLock(file);
    while (errno === flock.interrupted) errno = flock.tryLock(file);
    if (errno === flock.wouldBlock) throw lockedError(directory, path);
    if (errno !== 0) throw noLocks(`flock failed on ${path} with errno ${errno}`, undefined);
    ftruncateSync(file, 0);
    writeSync(file, `${JSON.stringify({ pid: process.pid, bootId: readBootId() })}\n`, 0);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return { release: () => closeSync(file) };
};

function loadFlock(): Flock {
  try {
    // Loaded here and not on top: a process that only reads never needs it.
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
    const call = koffi.load(null).func("int flock(int, int)");
    return {
      tryLock: (file) => ((call(file, lockExclusive | lockNonBlocking) as number) === 0 ? 0 : koffi.errno()),
      wouldBlock: koffi.os.errno.EWOULDBLOCK ?? koffi.os.errno.EAGAIN ?? 11,
      interrupted: koffi.os.errno.EINTR ?? 4,
    };
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
    hint: "Stop that process, attach to it instead, or use another directory",
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
function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Only Linux has it. Without, a pid of an earlier boot could be named for a moment.
    return "";
  }
}
