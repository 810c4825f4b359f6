/**
 * The journal: one process's durable, ordered log in a directory of files. Start reading here.
 *
 *   openJournal   lock, recover, replay                 opening.ts, recovery.ts, journal-files.ts, segment-scan.ts
 *   propose       pack into the gathering batch         batch.ts, plain-packer.ts, codec.ts, frame.ts
 *   flush         one write, one sync, then commit      group-commit.ts, active-segment.ts
 *   beside it     the next segment, the sidecar         segment-maker.ts, sidecar-keeper.ts
 *   dropBefore    old segments, behind a snapshot       segment-dropper.ts
 *
 * The bytes are described in docs/journal-format.md. What is promised: an entry reported as committed is
 * there after any crash (as far as the durability policy says), in order; a write cut short by a crash is
 * removed and reported; damage to anything acknowledged is refused, never skipped.
 */

import { join } from "node:path";
import { KronError } from "../core/errors.ts";
import type { Entry } from "../core/record.ts";
import type { Clock, Disk, Durability, Log, LogSink, Random } from "../ports.ts";
import { ActiveSegment } from "./active-segment.ts";
import { Backlog } from "./backlog.ts";
import type { Base, LoadBase } from "./base.ts";
import { DurableWaiters } from "./durable-waiters.ts";
import { quietly, sidecarName } from "./files.ts";
import { GroupCommit } from "./group-commit.ts";
import { type JournalLimits, journalLimits } from "./limits.ts";
import type { AcquireLock, DirectoryLock } from "./lock.ts";
import type { Report } from "./notice.ts";
import { asOpenError, JournalOpening } from "./opening.ts";
import type { Recovered } from "./recovery.ts";
import { SealedSegments } from "./sealed-segments.ts";
import { type Dropped, SegmentDropper } from "./segment-dropper.ts";
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
  /** Loads the snapshot to start from; called once, under the lock, before any entry is read. */
  readonly loadBase?: LoadBase;
}

/** Hands on an entry that was found in the journal, in index order from the first behind the base. */
export type Replay = (index: number, term: number, entry: Entry) => void;

/**
 * Locks the directory, lets `options.loadBase` load a snapshot, recovers, and hands every entry behind it to `replay`.
 *
 * Rejects, with everything given back: `KRON_DIR_UNUSABLE`, `KRON_DIR_LOCKED`, `KRON_DISK_FULL`;
 * `KRON_JOURNAL_CORRUPT` when an acknowledged entry is damaged or missing, be it between the snapshot and the
 * journal's beginning or between its end and the snapshot; `KRON_JOURNAL_VERSION`; `KRON_SNAPSHOT_FOREIGN` when the
 * base is of another journal; `KRON_SNAPSHOT_CORRUPT` when the journal no longer holds its beginning and there is
 * no base; and what `loadBase` and `replay` throw, as it is.
 */
export async function openJournal(options: JournalOptions, replay: Replay): Promise<OpenedJournal> {
  const opening = new JournalOpening(options);
  let base: Base | undefined;
  try {
    base = await options.loadBase?.(opening.found);
  } catch (error) {
    opening.abandon();
    throw error;
  }
  return completeOpening(opening, options, base, replay);
}

/** The second half of `openJournal`, for those who have loaded the base already; throws what that rejects with. */
export function completeOpening(
  opening: JournalOpening,
  options: JournalOptions,
  base: Base | undefined,
  replay: Replay,
): OpenedJournal {
  let recovered: Recovered | undefined;
  try {
    recovered = opening.recover(base, (_segment, index, term, entry) => replay(index, term, entry));
    return new OpenedJournal(options, recovered, opening.lock);
  } catch (error) {
    // No active segment to close: only making the first one can fail behind `recover`.
    const sidecar = recovered?.sidecar;
    if (sidecar !== undefined) quietly(() => sidecar.close());
    opening.abandon();
    throw asOpenError(error, options.directory);
  }
}

/** A journal that is open for writing; `start` begins it. */
export class OpenedJournal implements Log {
  /** Highest index in the journal when it was opened, or that of its base when it was empty; 0 without either. */
  readonly replayedIndex: number;
  readonly #lock: DirectoryLock;
  readonly #recovered: Recovered;
  readonly #segment: ActiveSegment;
  readonly #maker: SegmentMaker;
  readonly #options: JournalOptions;
  readonly #limits: JournalLimits;
  readonly #sealed: SealedSegments;
  readonly #waiters = new DurableWaiters();
  #keeper: SidecarKeeper | undefined;
  #commit: GroupCommit | undefined;
  #dropper: SegmentDropper | undefined;
  #closing: Promise<void> | undefined;

  /** Takes over what was recovered; use `openJournal`. */
  constructor(options: JournalOptions, recovered: Recovered, lock: DirectoryLock) {
    const { directory, disk } = options;
    this.#options = options;
    this.#limits = journalLimits(options.profile, options.limits);
    this.#sealed = new SealedSegments(recovered.sealed);
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
        this.#segment = ActiveSegment.createFirst(disk, directory, this.#sealed, this.#maker.take(), nextIndex);
        this.#maker.release();
      } catch (error) {
        this.#maker.discard();
        throw error;
      }
    } else {
      this.#segment = new ActiveSegment(disk, directory, this.#sealed, active);
    }
  }

  /** The journal's own id, 16 bytes, the same for all its segments. */
  get uuid(): Uint8Array {
    return this.#recovered.uuid;
  }

  /** The oldest index the journal holds: what came before must be in a snapshot. */
  get firstIndex(): number {
    return this.#recovered.sidecar.firstIndex;
  }

  /** The index of the last entry that is in the files; `replayedIndex` at first. */
  get lastIndex(): number {
    return this.#commit?.writtenIndex ?? this.replayedIndex;
  }

  /** The highest index known to be synced. */
  get durableIndex(): number {
    return this.#commit?.durableIndex ?? this.replayedIndex;
  }

  /** Bytes of entries written since the opening, with what pads them to sectors. */
  get writtenBytes(): number {
    return this.#commit?.writtenBytes ?? 0;
  }

  /** Segments on the disk, the active one included. */
  get segmentCount(): number {
    return this.#sealed.count + 1;
  }

  /** Bytes of the sealed ones. */
  get sealedBytes(): number {
    return this.#sealed.bytes;
  }

  /** Bytes of all, preallocated space included. */
  get bytes(): number {
    return this.#sealed.bytes + this.#segment.bytes;
  }

  /** Begins accepting proposals, whose fate `sink` is told. Once only. */
  start(sink: LogSink): void {
    if (this.#commit !== undefined || this.#closing !== undefined) {
      throw new KronError("KRON_ALREADY_STARTED", "Expected start() to be called once, before close()");
    }
    const { clock, disk, durability, directory, report } = this.#options;
    const { chain, sidecar } = this.#recovered;
    const path = join(directory, sidecarName);
    const onSyncFailed = (cause: Error): void => commit.fail(cause);
    const keeper = new SidecarKeeper({ sidecar, path, clock, report, onSyncFailed });
    const stamp = {
      index: chain.index,
      prev: chain.prev ?? 0,
      term: chain.term,
      durable: chain.index,
      salt: this.#segment.salt,
    };
    const commit = new GroupCommit({
      ...{ disk, clock, durability, report, sink, keeper },
      segment: this.#segment,
      maker: this.#maker,
      waiters: this.#waiters,
      backlog: new Backlog(stamp, this.#limits.batchBytesMax),
      limits: this.#limits,
    });
    this.#dropper = new SegmentDropper({
      ...{ directory, disk, report, keeper },
      sealed: this.#sealed,
      segment: this.#segment,
      durableIndex: () => commit.durableIndex,
      failure: () => commit.failure,
    });
    this.#keeper = keeper;
    this.#commit = commit;
  }

  /**
   * Queues an entry; its fate reaches the sink, never before this returns. Packs it at once, so the entry may
   * be changed afterwards without effect on the file. Throws `KRON_PAYLOAD_INVALID`, `KRON_BACKLOG_FULL`,
   * `KRON_NOT_STARTED` or `KRON_STOPPED`, and is then as it was.
   */
  propose(entry: Entry): void {
    if (this.#commit === undefined) throw notStarted("propose");
    const { failure } = this.#commit;
    if (this.#closing !== undefined || failure !== undefined) {
      throw stopped("takes no more entries", failure);
    }
    this.#commit.propose(entry);
  }

  get pendingCount(): number {
    return this.#commit?.pendingCount ?? 0;
  }

  get pendingBytes(): number {
    return this.#commit?.pendingBytes ?? 0;
  }

  /**
   * Resolves once everything up to `index` is synced, which may be after its commit. Rejects when the journal fails
   * or is closed before.
   */
  synced(index: number): Promise<void> {
    if (index <= this.durableIndex) return Promise.resolve();
    if (this.#commit === undefined) return Promise.reject(notStarted("synced"));
    return this.#waiters.wait(index);
  }

  /**
   * Removes the segments that hold only entries below `index`; all of these must be in a flushed snapshot, and
   * those up to the snapshot's index synced here. The newest sealed segment stays while the active one has no entry.
   *
   * Resolves with what was removed. A file that the disk refuses to remove is reported and tried again with the
   * next call. Rejects with the journal's failure, `KRON_NOT_STARTED`, or `KRON_STOPPED`.
   */
  dropBefore(index: number): Promise<Dropped> {
    if (this.#dropper === undefined) return Promise.reject(notStarted("dropBefore"));
    if (this.#closing !== undefined) return Promise.reject(stopped("drops no more segments"));
    return this.#dropper.dropBefore(index);
  }

  /** Resolves once everything proposed before has its fate and is synced; the journal stays open. */
  drain(): Promise<void> {
    const commit = this.#commit;
    return commit === undefined ? Promise.resolve() : new Promise((done) => commit.drain(done));
  }

  /** Waits for what is pending, syncs, and gives files and lock back. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const commit = this.#commit;
    const keeper = this.#keeper;
    await this.drain();
    await this.#dropper?.stop();
    keeper?.stop();
    // A file must not be closed under a sync that may not have begun.
    if (keeper !== undefined) await new Promise<void>((done) => keeper.whenIdle(done));
    this.#waiters.end(stopped("was closed"));
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

function notStarted(method: string): KronError {
  return new KronError("KRON_NOT_STARTED", `Expected start() before ${method}()`);
}

function stopped(what: string, cause?: unknown): KronError {
  return new KronError("KRON_STOPPED", `The journal ${what}`, { cause });
}
