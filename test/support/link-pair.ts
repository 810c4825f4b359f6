/** Two ends of a link in one process, for tests: messages go by copy and arrive in a later turn, as over a socket. */

import type { KronError } from "../../src/core/errors.ts";
import type { Link } from "../../src/ports.ts";

type Messages = readonly (readonly unknown[])[];

/** One end. */
export class LinkEnd implements Link {
  other: LinkEnd | undefined;
  queuedBytes = 0;
  /** All that was sent from here. */
  readonly sent: (readonly unknown[])[] = [];
  #batch: (readonly unknown[])[] = [];
  #listener: (messages: Messages) => void = () => undefined;
  readonly #closeListeners: ((error: KronError | undefined) => void)[] = [];
  #isClosed = false;

  send(message: readonly unknown[]): void {
    if (this.#isClosed) return;
    this.sent.push(message);
    if (this.#batch.length === 0) setImmediate(() => this.#flush());
    this.#batch.push(structuredClone(message));
  }

  onMessages(listener: (messages: Messages) => void): void {
    this.#listener = listener;
  }

  onClose(listener: (error: KronError | undefined) => void): void {
    this.#closeListeners.push(listener);
  }

  close(): void {
    this.closed();
    this.other?.closed();
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#closeListeners) listener(undefined);
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (this.other !== undefined && !this.other.#isClosed) this.other.#listener(batch);
  }
}

/** A link of two ends. */
export function linkPair(): [LinkEnd, LinkEnd] {
  const [one, other] = [new LinkEnd(), new LinkEnd()];
  one.other = other;
  other.other = one;
  return [one, other];
}
