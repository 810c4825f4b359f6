/**
 * A directory opened for changes without a runtime: locked and recovered as at a start, but nothing is started, no
 * occurrence is judged and no run is declared lost. Entries are durable, and taken into the state, one by one.
 */

import type { Outcome } from "../../src/core/applied.ts";
import { apply } from "../../src/core/apply.ts";
import type { KronError } from "../../src/core/errors.ts";
import type { Entry } from "../../src/core/record.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import type { State } from "../../src/core/state.ts";
import type { OpenedJournal } from "../../src/journal/journal.ts";
import { checkKronOptions } from "../../src/kron-options.ts";
import type { LogSink, Progress } from "../../src/ports.ts";
import { openDirectory } from "../../src/runtime/open-directory.ts";
import type { OpenedSnapshot } from "../../src/snapshot/open-snapshot.ts";

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
  static async open(directory: string, report: ReportNotice, progress: Progress): Promise<ChangeableDirectory> {
    const settings = { ...checkKronOptions({}), reportJournal: report, reportSnapshot: report, progress };
    const { journal, snapshot } = await openDirectory(directory, settings, (state) => (index, term, entry) => {
      apply(state, index, term, checkEntry(entry, `index ${index}`));
    });
    return new ChangeableDirectory(journal, snapshot);
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
