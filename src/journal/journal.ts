/**
 * The journal: one process's durable, ordered log in a directory of files. Start reading here.
 *
 *   openJournal   lock, recover, replay                 recovery.ts, journal-files.ts, segment-scan.ts
 *   propose       pack into the gathering batch         batch.ts, plain-packer.ts, codec.ts, frame.ts
 *   flush         one write, one sync, then commit      group-commit.ts, active-segment.ts
 *   beside it     the next segment, the sidecar         segment-maker.ts, sidecar-keeper.ts
 *
 * The bytes are described in docs/journal-format.md. What is promised: an entry reported as committed is
 * there after any crash (as far as the durability policy says), in order; a write cut short by a crash is
 * removed and reported; damage to anything acknowledged is refused, never skipped.
 */

import { join } from "node:path";
import { isKronError, KronError } from "../core/errors.ts";
import type { Entry } from "../core/record.ts";
import type { Clock, Disk, Durability, Log, LogSink, Random } from "../ports.ts";
import { ActiveSegment } from "./active-segment.ts";
import { Backlog } from "./backlog.ts";
import { prepareDirectory } from "./directory.ts";
import { quietly, sidecarName } from "./files.ts";
import { GroupCommit } from "./group-commit.ts";
import { type JournalLimits, profileLimits } from "./limits.ts";
import { type AcquireLock, acquireLock, type DirectoryLock } from "./lock.ts";
import type { Report } from "./notice.ts";
import { type Recovered, recover } from "./recovery.ts";
import { SegmentMaker } from "./segment-maker.ts";
import { SidecarKeeper } from "./sidecar-keeper.ts";

/** How to open a journal. */
export interface JournalOptions {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly durability: Durability;
  /** "edge" keeps files and buffers small: segments to 8 MiB instead of 64. */
  readonly profile: "standard" | "edge";
  /** Told of what was dealt with and a person should know, such as a torn tail; must not throw. */
  readonly report: Report;
  /** Limits that differ from those of the profile. */
  readonly limits?: Partial<JournalLimits>;
  /** How the directory is locked; `flock(2)` unless given. */
  readonly acquireLock?: AcquireLock;
}

/** Hands on an entry that was found in the journal, in index order from the first. */
export type Replay = (index: number, term: number, entry: Entry) => void;

/**
 * Locks the directory, recovers, and hands every entry to `replay`.
 *
 * Throws `KRON_DIR_UNUSABLE`, `KRON_DIR_LOCKED`, `KRON_JOURNAL_CORRUPT`, `KRON_JOURNAL_VERSION`, or
 * `KRON_DISK_FULL`, and has then given everything back.
 */
export function openJournal(options: JournalOptions, replay: Replay): OpenedJournal {
  const { directory, disk } = options;
  let lock: DirectoryLock | undefined;
  let recovered: Recovered | undefined;
  try {
    prepareDirectory(directory, disk);
    lock = (options.acquireLock ?? acquireLock)(directory);
    recovered = recover(options, (_segment, index, term, entry) => replay(index, term, entry));
    return new OpenedJournal(options, recovered, lock);
  } catch (error) {
    // No active segment to close: only making the first one can fail behind `recover`.
    const sidecar = recovered?.sidecar;
    if (sidecar !== undefined) quietly(() => sidecar.close());
    lock?.release();
    throw asOpenError(error, directory);
  }
}

/** Errors of the file system get a code of ours; all others, those of `replay` included, stay as they are. */
function asOpenError(error: unknown, directory: string): unknown {
  if (isKronError(error) || !(error instanceof Error) || !("code" in error)) return error;
  const isFull = error.code === "ENOSPC" || error.code === "EDQUOT";
  return new KronError(
    isFull ? "KRON_DISK_FULL" : "KRON_DIR_UNUSABLE",
    `Expected to open the journal in ${directory}: ${error.message}`,
    { cause: error, hint: isFull ? "Free some space" : "Check the disk, the owner and the mode of the directory" },
  );
}

/** A journal that is open for writing; `start` begins it. */
export class OpenedJournal implements Log {
  /** Highest index in the journal when it was opened; 0 when it was empty. */
  readonly replayedIndex: number;
  readonly #lock: DirectoryLock;
  readonly #recovered: Recovered;
  readonly #segment: ActiveSegment;
  readonly #maker: SegmentMaker;
  readonly #options: JournalOptions;
  readonly #limits: JournalLimits;
  #keeper: SidecarKeeper | undefined;
  #commit: GroupCommit | undefined;
  #closing: Promise<void> | undefined;

  /** Takes over what was recovered; use `openJournal`. */
  constructor(options: JournalOptions, recovered: Recovered, lock: DirectoryLock) {
    const { directory, disk } = options;
    this.#options = options;
    this.#limits = { ...profileLimits[options.profile], ...options.limits };
    this.#lock = lock;
    this.#recovered = recovered;
    this.replayedIndex = recovered.chain.index;
    this.#maker = new SegmentMaker({
      ...options,
      limits: this.#limits,
      uuid: recovered.uuid,
      onSyncFailed: (cause) => this.#commit?.fail(cause),
    });
    const active = recovered.active;
    if (active === undefined) {
      const nextIndex = recovered.chain.index + 1;
      try {
        this.#segment = ActiveSegment.createFirst(disk, directory, this.#maker.take(), nextIndex);
        this.#maker.release();
      } catch (error) {
        this.#maker.discard();
        throw error;
      }
    } else {
      this.#segment = new ActiveSegment(disk, directory, active);
    }
  }

  /** The journal's own id, 16 bytes, the same for all its segments. */
  get uuid(): Uint8Array {
    return this.#recovered.uuid;
  }

  /** The oldest index the journal holds: what came before must be in a snapshot. */
  get firstIndex(): number {
    return this.#recovered.firstIndex;
  }

  /** Begins accepting proposals, whose fate `sink` is told. Once only. */
  start(sink: LogSink): void {
    if (this.#commit !== undefined || this.#closing !== undefined) {
      throw new KronError("KRON_ALREADY_STARTED", "Expected start() to be called once, before close()");
    }
    const { clock, disk, durability, directory, report } = this.#options;
    const { chain, sidecar } = this.#recovered;
    const path = join(directory, sidecarName);
    this.#keeper = new SidecarKeeper({
      sidecar,
      path,
      clock,
      report,
      onSyncFailed: (cause) => this.#commit?.fail(cause),
    });
    const stamp = {
      index: chain.index,
      prev: chain.prev ?? 0,
      term: chain.term,
      durable: chain.index,
      salt: this.#segment.salt,
    };
    this.#commit = new GroupCommit({
      disk,
      clock,
      durability,
      report,
      sink,
      segment: this.#segment,
      maker: this.#maker,
      keeper: this.#keeper,
      backlog: new Backlog(stamp, this.#limits.batchBytesMax),
      limits: this.#limits,
    });
  }

  /**
   * Queues an entry; its fate reaches the sink, never before this returns. Packs it at once, so the entry may
   * be changed afterwards without effect on the file. Throws `KRON_PAYLOAD_INVALID`, `KRON_BACKLOG_FULL`,
   * `KRON_NOT_STARTED` or `KRON_STOPPED`, and is then as it was.
   */
  propose(entry: Entry): void {
    if (this.#commit === undefined) throw new KronError("KRON_NOT_STARTED", "Expected start() before propose()");
    const { failure } = this.#commit;
    if (this.#closing !== undefined || failure !== undefined) {
      throw new KronError("KRON_STOPPED", "The journal takes no more entries", { cause: failure });
    }
    this.#commit.propose(entry);
  }

  get pendingCount(): number {
    return this.#commit?.pendingCount ?? 0;
  }

  get pendingBytes(): number {
    return this.#commit?.pendingBytes ?? 0;
  }

  /** Waits for what is pending, syncs, and gives files and lock back. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const commit = this.#commit;
    if (commit !== undefined) await new Promise<void>((done) => commit.drain(done));
    this.#keeper?.stop();
    try {
      if (commit?.failure === undefined) this.#recovered.sidecar.syncNow();
    } catch (cause) {
      throw new KronError("KRON_JOURNAL_FAILED", "The last sync of the sidecar failed", { cause });
    } finally {
      this.#maker.discard();
      // All is synced by now (or has failed and was reported): closing can only fail to free a handle.
      quietly(() => this.#recovered.sidecar.close());
      quietly(() => this.#segment.close());
      this.#lock.release();
    }
  }
}
