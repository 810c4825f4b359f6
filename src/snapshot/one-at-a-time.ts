/** What all stores agree on: one write or copy at a time, and none after `close`. */

import { KronError } from "../core/errors.ts";

/** The turn to change a store. */
export class OneAtATime {
  readonly #path: string;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** `path` is for the messages. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Runs `work` unless other work is running; then rejects with `KRON_SNAPSHOT_FAILED`. */
  async run(work: () => Promise<void>): Promise<void> {
    this.requireOpen();
    if (this.#running !== undefined) {
      throw new KronError("KRON_SNAPSHOT_FAILED", `Expected one write at a time, got another one of ${this.#path}`);
    }
    // Not at once: from within `work` another call has to find that it is running.
    const running = Promise.resolve().then(work);
    this.#running = running;
    try {
      await running;
    } finally {
      this.#running = undefined;
    }
  }

  /** Throws `KRON_STOPPED` once the store is closed, or about to be. */
  requireOpen(): void {
    if (this.#isClosed) throw new KronError("KRON_STOPPED", `The store ${this.#path} has been closed`);
  }

  /** Ends what is running at its next step, and waits for that. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // What it failed with is told to whoever waits for it.
    await this.#running?.catch(() => undefined);
  }
}
