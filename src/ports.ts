/**
 * The seams of Kron: everything the pure core and the engine need from the world, as types only.
 *
 * Each port has one real implementation in a device folder (or `system.ts`) and one for tests that can be
 * made to fail. Nothing here has behaviour.
 */

import type { KronError } from "./core/errors.ts";
import type { Ending } from "./core/outcome.ts";
import type { Entry } from "./core/record.ts";
import type { TargetSpec } from "./core/target.ts";

export type { Ending } from "./core/outcome.ts";

/** Cancels what a `Clock` was asked to do; harmless when it has already happened. */
export type CancelWait = () => void;

/** Time as the engine sees it. Wall time is for schedules, monotonic time for measuring. */
export interface Clock {
  /** Wall-clock time in whole milliseconds since 1970-01-01T00:00Z; may jump either way. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start, with a fraction; never goes back. The system's has one for the whole machine. */
  monotonicMs(): number;
  /**
   * Calls `wake` once after `delayMs` (0 to 2^31 - 1) of monotonic time.
   *
   * With `keepAlive: false` the wait does not by itself keep the process running.
   */
  wakeAfter(delayMs: number, wake: () => void, keepAlive?: boolean): CancelWait;
  /**
   * Virtual clocks only: `check` says whether nothing is under way that needs no time to pass, such as a write to
   * the disk; the clock moves on only then. Returns how to take the check back.
   */
  onIdle?(check: () => boolean): () => void;
}

/** Makes the `Date` of an instant in epoch milliseconds, for those who show times to users. */
export type ToDate = (ms: number) => Date;

/** Randomness that is not reproducible, for salts, tokens and seeds; never used by `apply`. */
export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Uint8Array;
}

/** A logger in the shape of pino's: an object of fields, then a message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A file opened through a `Disk`; a small positive integer. */
export type FileHandle = number;

/**
 * The file system as the journal uses it. Every call throws a Node `ErrnoException` (`code`, `errno`)
 * when it fails; the only asynchronous one is the sync, which must not block the event loop.
 */
export interface Disk {
  /** Opens an existing file for reading. */
  openRead(path: string): FileHandle;
  /** Opens a file for reading and writing at given positions; creates it (mode 0600) when `create`. */
  openWrite(path: string, options: { readonly create: boolean; readonly exclusive?: boolean }): FileHandle;
  close(file: FileHandle): void;
  /** Bytes read into `into` from `position`; 0 at the end of the file. May read short. */
  read(file: FileHandle, into: Uint8Array, position: number): number;
  /** Bytes of `from` written at `position`. May write short. */
  write(file: FileHandle, from: Uint8Array, position: number): number;
  /** The file's size in bytes. */
  size(file: FileHandle): number;
  truncate(file: FileHandle, bytes: number): void;
  /** Makes the data of `file` survive power loss; `done` is called once, never before this returns. */
  syncData(file: FileHandle, done: (error: Error | null) => void): void;
  /** The same, blocking; for recovery, new segments and shutdown, where nothing else could go on. */
  syncDataNow(file: FileHandle): void;
  /** Makes the entries of a directory (creations, renames, removals) survive power loss. */
  syncDirectory(path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Names in a directory, unsorted. */
  list(path: string): string[];
  exists(path: string): boolean;
  /** Creates a directory (mode 0700) and its missing parents; nothing if it is there. */
  makeDirectory(path: string): void;
  /** What is at `path` (symbolic links are not followed), or undefined when nothing is. */
  stat(path: string):
    | {
        readonly kind: "file" | "directory" | "other";
        readonly mode: number;
        readonly uid: number;
        readonly bytes: number;
      }
    | undefined;
}

/** Told how far long work is, as it is done. Calls cost next to nothing, so each piece of work may be told. Must not throw. */
export interface Progress {
  /** A part of the work begins: what is done, in what it is counted (`bytes`, `pages`, `timers`), and how much there is if known. */
  begin(what: string, unit: string, total?: number): void;
  /** So much of it is done; passed over while another unit counts. */
  add(count: number, unit: string): void;
}

/** How far an acknowledgement reaches: synced, synced within `ms`, or synced about every second. */
export type Durability =
  | { readonly kind: "always" }
  | { readonly kind: "group"; readonly ms: number }
  | { readonly kind: "everysec" };

/** Who is told what became of entries. Calls come one after another, never from within `propose`. */
export interface LogSink {
  /**
   * `entry` is past the point of loss that the durability policy promises. Called once per entry, in
   * index order, with the very object that was proposed when it was proposed here.
   */
  committed(index: number, term: number, entry: Entry): void;
  /** A batch of `committed` calls is over; the place to act once on many. */
  settled(): void;
  /** These entries were not written and will not be; later ones may be. `KRON_DISK_FULL` for instance. */
  refused(entries: readonly Entry[], error: KronError): void;
  /** Nothing more can be promised; every entry not yet committed has an unknown outcome. */
  failed(error: KronError): void;
}

/** The durable, ordered log, as the engine sees it: one local journal, or a Raft group over several. */
export interface Log {
  /** Queues one entry; its fate reaches the sink. Throws `KRON_STOPPED` after `close` or a failure. */
  propose(entry: Entry): void;
  /** Entries proposed and neither committed nor refused. */
  readonly pendingCount: number;
  /** Bytes of those entries, as they will be written. */
  readonly pendingBytes: number;
  /** Waits for what is pending, syncs, and gives the files and the lock back. */
  close(): Promise<void>;
}

/** Takes the changes of one atomic write to a snapshot. */
export interface SnapshotBatch {
  /** Sets `key` (1 to 64 bytes) to `value`; both are copied before this returns. */
  put(key: Uint8Array, value: Uint8Array): void;
  /** Removes `key`, if it is there. */
  remove(key: Uint8Array): void;
}

/** The keys from `from` on and below `to`, compared byte by byte; from the highest down when `reverse`. */
export interface SnapshotRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly reverse?: boolean;
}

/**
 * Where the state as of an index is kept: values under sorted keys, each with its own checksum, changed by
 * atomic writes. One process at a time may write.
 */
export interface SnapshotStore {
  readonly kind: "lmdb" | "file";
  /** Bytes of its file on the disk. */
  readonly bytes: number;
  /** A copy of the value at `key`, or undefined. Throws `KRON_SNAPSHOT_CORRUPT` when its checksum is wrong. */
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * Calls `visit` with each pair of the range until it returns false. Key and value are valid during the call
   * only; no reader outlives it. Throws `KRON_SNAPSHOT_CORRUPT`.
   */
  visit(range: SnapshotRange, visit: (key: Uint8Array, value: Uint8Array) => boolean): void;
  /**
   * One atomic change. `fill` may take many turns of the event loop; resolves once all of it is on the disk.
   * When `fill` or the disk fails nothing has changed, and it rejects with what `fill` threw, `KRON_DISK_FULL`
   * or `KRON_SNAPSHOT_FAILED`. One write at a time.
   */
  write(fill: (batch: SnapshotBatch) => Promise<void>): Promise<void>;
  /** Copies what was written last to a single file, off the event loop; `path` is there whole or not at all. */
  copyTo(path: string): Promise<void>;
  close(): Promise<void>;
}

/** After how much a checkpoint is written, whichever comes first. */
export interface CheckpointTriggers {
  readonly records: number;
  readonly bytes: number;
  readonly everyMs: number;
}

/** One attempt as a runner is told of it. Times are epoch milliseconds. */
export interface AttemptOrder {
  /** The timer's slot, by which runners of callbacks know it. */
  readonly slot: number;
  readonly timerId: string;
  readonly target: TargetSpec;
  /** The printed run id, `run_…`. */
  readonly runId: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly isManual: boolean;
  readonly scheduledAtMs: number;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly missedCount: number;
  /** How long it may execute, 0 for as long as it takes. Whoever ordered it sees to that. */
  readonly timeoutMs: number;
  readonly payload: unknown;
  /** The same for all attempts of one occurrence, and for no other occurrence. */
  readonly idempotencyKey: string;
  /** Grows with every attempt of every timer; a store that remembers the largest can refuse stale writers. */
  readonly fencingToken: number;
}

/** How an attempt ended, as its runner saw it. `ending` is there when it was ended by force. */
export type AttemptEnd =
  /** `note`: why there is no result, where there was one that could not be brought here. */
  | { readonly kind: "succeeded"; readonly result: unknown; readonly note?: string }
  | { readonly kind: "failed"; readonly error: unknown; readonly ending?: Ending }
  /** What executed it died, whether by the attempt's own fault or not; nobody knows how far it came. */
  | { readonly kind: "lost"; readonly error: unknown; readonly ending?: Ending };

/** The hold that a dispatcher has on an attempt under way. */
export interface AttemptHandle {
  /** Asks the attempt to stop, once; it may go on all the same. */
  abort(reason: Error): void;
  /**
   * Ends it by force, after its grace; its end follows, with `ending`. Not there for what cannot be ended from
   * outside, such as a callback in this process.
   */
  terminate?(): void;
  /**
   * How long it has been executing, in milliseconds, or undefined while it waits for something to be executed by, such as
   * a thread. Infinity: for as long as it is under way. Not there for what executes at once. Asked when a timeout has
   * passed since the start; what is told from another process may be old by a quarter of the timeout.
   */
  executingMs?(): number | undefined;
}

/** Carries out attempts. */
export interface Runner {
  /**
   * Whether it can execute the target of the timer in this slot. When the answer changes, the engine has to be told in
   * the same turn (`noteCallback`, `noteRunnerGone`).
   */
  canRun(slot: number): boolean;
  /**
   * Begins an attempt; `done` is called once, from within `start` or later. Its beginning is in the log already, so an
   * attempt that cannot be begun any more, as what was to execute it went away, has to be ended too, as lost.
   */
  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle;
}

/** A runner of targets that stand in the definition: modules, commands, requests. */
export interface TargetRunner {
  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle;
  /** Ends everything it still executes, by force if need be, and gives its threads and processes back. */
  close(): Promise<void>;
}

/** Where an attempt's output goes: one file a run, see `src/logs`. */
export interface OutputFile {
  /** The path, to be opened for appending by whoever executes the attempt; made with its folder when first needed. */
  readonly path: string;
  /** What the file may grow to; output beyond it is dropped and said to be. */
  readonly bytesMax: number;
}

/** Says where the output of attempts goes. */
export interface OutputFiles {
  /** The file of one run; it is the same for all of its attempts. */
  fileOf(timerId: string, runId: string): OutputFile;
}

/** A two-way channel of messages between two processes; each message is a tuple `[type, …fields]` of plain data. */
export interface Link {
  /**
   * Queues a message; all messages of one turn of the event loop travel in as few frames as possible. Ignored once
   * closed. Throws `KRON_PAYLOAD_INVALID` when the message cannot be carried.
   */
  send(message: readonly unknown[]): void;
  /**
   * Sets the one listener for incoming messages, called once per frame with its tuples in order. What arrived
   * before it was set is kept, up to a limit, and handed over first.
   */
  onMessages(listener: (messages: readonly (readonly unknown[])[]) => void): void;
  /** Called once when the link or its connection is gone; `undefined` when either side closed it in order. */
  onClose(listener: (error: KronError | undefined) => void): void;
  /** Bytes queued and not yet taken by the socket: back-pressure for senders that can wait. */
  readonly queuedBytes: number;
  close(): void;
}
