/**
 * Drops old segments, which a snapshot replaces:
 *
 * 1. the sidecar says where the journal begins from now on, and that is synced;
 * 2. the files are removed, oldest first, one in each turn of the event loop.
 *
 * A crash between the two leaves segments that nobody needs, and the next start removes them. So nothing waits
 * for the removals to be on the disk: a change of segments syncs the directory sooner or later.
 */

import { join } from "node:path";
import type { KronError } from "../core/errors.ts";
import type { Disk } from "../ports.ts";
import type { ActiveSegment } from "./active-segment.ts";
import { sidecarName } from "./files.ts";
import type { Report } from "./notice.ts";
import type { SealedSegments } from "./sealed-segments.ts";
import type { SidecarKeeper } from "./sidecar-keeper.ts";
import { atEndOfTurn } from "./turn.ts";

/** What a drop works with. */
export interface DropperContext {
  readonly directory: string;
  readonly disk: Disk;
  readonly sealed: SealedSegments;
  readonly segment: ActiveSegment;
  readonly keeper: SidecarKeeper;
  readonly report: Report;
  /** The highest index known to be synced. */
  readonly durableIndex: () => number;
  /** Why the journal has failed, if it has. */
  readonly failure: () => KronError | undefined;
}

/** What a drop removed. */
export interface Dropped {
  readonly segments: number;
  /** Bytes of those segments. */
  readonly bytes: number;
}

/** Removes segments, one drop after another. */
export class SegmentDropper {
  readonly #context: DropperContext;
  #running: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  /** Whether the failure that lasts has been told of. */
  #isFailureTold = false;

  constructor(context: DropperContext) {
    this.#context = context;
  }

  /**
   * Drops the segments that hold only entries below `index`. What the disk refuses is reported and left for the
   * next call. Rejects with the journal's failure, if it fails before a file was removed.
   */
  dropBefore(index: number): Promise<Dropped> {
    const drop = this.#running.then(() => this.#drop(index));
    // The next one has its own luck.
    this.#running = drop.catch(() => undefined);
    return drop;
  }

  /** Ends the drop in hand at the next file, and resolves once it is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #drop(index: number): Promise<Dropped> {
    const { sealed, segment, disk, directory } = this.#context;
    const { files, firstIndex } = sealed.below(index, segment.isEmpty ? undefined : segment.firstIndex);
    let segments = 0;
    let bytes = 0;
    if (files.length === 0 || !(await this.#moveFirst(firstIndex))) return { segments, bytes };
    for (const file of files) {
      if (this.#isStopped) break;
      const path = join(directory, file.name);
      try {
        if (disk.exists(path)) disk.remove(path);
      } catch (cause) {
        this.#noteFailure(file.name, cause);
        break;
      }
      this.#isFailureTold = false;
      sealed.removeOldest(file);
      segments += 1;
      bytes += file.bytes;
      await new Promise<void>((resolve) => atEndOfTurn(resolve));
    }
    return { segments, bytes };
  }

  /** Whether the sidecar says durably that the journal begins at `firstIndex`, or later. */
  #moveFirst(firstIndex: number): Promise<boolean> {
    const { keeper, durableIndex, failure } = this.#context;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        const error = failure();
        if (error === undefined) resolve(true);
        else reject(error);
      };
      // After an earlier drop that was refused a file, only the files are left to do.
      if (this.#isStopped || failure() !== undefined || firstIndex <= keeper.firstIndex) {
        settle();
        return;
      }
      try {
        keeper.moveFirst(firstIndex, durableIndex(), settle);
      } catch (cause) {
        this.#noteFailure(sidecarName, cause);
        resolve(false);
      }
    });
  }

  #noteFailure(file: string, cause: unknown): void {
    if (!this.#isFailureTold) this.#context.report({ kind: "drop-failed", file, cause });
    this.#isFailureTold = true;
  }
}
