/**
 * A directory opened for changes without a runtime: locked and recovered as at a start, but nothing is started, no
 * occurrence is judged and no run is declared lost. Entries are durable, and taken into the state, one by one.
 */

import type { Outcome } from "../../src/core/applied.ts";
import { apply } from "../../src/core/apply.ts";
import { assert } from "../../src/core/assert.ts";
import type { KronError } from "../../src/core/errors.ts";
import type { Entry } from "../../src/core/record.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import { defaultStateLimits, type State } from "../../src/core/state.ts";
import { type OpenedJournal, openJournal } from "../../src/journal/journal.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { LogSink } from "../../src/ports.ts";
import { type OpenedSnapshot, openSnapshot } from "../../src/snapshot/open-snapshot.ts";
import { systemClock, systemRandom } from "../../src/system.ts";

/** Told of what was dealt with and a person should know. */
export type ReportNotice = (notice: { readonly kind: string }) => void;

/** A directory that can be changed. */
export class ChangeableDirectory {
  readonly #journal: OpenedJournal;
  readonly #snapshot: OpenedSnapshot;
  readonly #sink = new WaitingSink();

  private constructor(journal: OpenedJournal, snapshot: OpenedSnapshot) {
    this.#journal = journal;
    this.#snapshot = snapshot;
    this.#sink.state = snapshot.state;
    journal.start(this.#sink);
  }

  /** Opens `directory`, and makes it when nothing is there. Rejects with what journal and snapshot reject with. */
  static async open(directory: string, report: ReportNotice): Promise<ChangeableDirectory> {
    const clock = systemClock();
    const limits = defaultStateLimits;
    const shared = { directory, disk: nodeDisk, clock, report };
    let snapshot: OpenedSnapshot | undefined;
    try {
      const journal = await openJournal(
        {
          ...{ ...shared, random: systemRandom(), durability: { kind: "always" }, profile: "standard" },
          loadBase: async (found) => {
            snapshot = await openSnapshot({ ...shared, wish: "auto", limits }, found);
            return snapshot.base;
          },
        },
        (index, term, entry) => {
          if (snapshot !== undefined) apply(snapshot.state, index, term, checkEntry(entry, `index ${index}`));
        },
      );
      assert(snapshot !== undefined, "the snapshot was asked for");
      return new ChangeableDirectory(journal, snapshot);
    } catch (error) {
      await snapshot?.store.close();
      throw error;
    }
  }

  get state(): State {
    return this.#snapshot.state;
  }

  /** Resolves once the entry is durable and applied, with what became of its records. Rejects with what kept it out. */
  write(entry: Entry): Promise<readonly Outcome[]> {
    // What a later start would refuse to read must not get into the log.
    checkEntry(entry, "the import");
    return this.#sink.waitFor(() => this.#journal.propose(entry));
  }

  async close(): Promise<void> {
    await this.#snapshot.store.close();
    await this.#journal.close();
  }
}

/** Applies what is committed, and tells whoever waits for it. */
class WaitingSink implements LogSink {
  state: State | undefined;
  #resolve: ((outcomes: readonly Outcome[]) => void) | undefined;
  #reject: ((error: KronError) => void) | undefined;

  waitFor(propose: () => void): Promise<readonly Outcome[]> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      propose();
    });
  }

  committed(index: number, term: number, entry: Entry): void {
    if (this.state !== undefined) this.#resolve?.(apply(this.state, index, term, entry).outcomes);
  }

  settled(): void {
    // Entries are written one at a time: there is nothing more to do at the end of a batch.
  }

  refused(_entries: readonly Entry[], error: KronError): void {
    this.#reject?.(error);
  }

  failed(error: KronError): void {
    this.#reject?.(error);
  }
}
