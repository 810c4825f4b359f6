/** Two ends of a link in memory, which behave as those over a socket: messages of a turn arrive together, later. */

import { isKronError, KronError } from "../../src/core/errors.ts";
import { checkPayload } from "../../src/core/payload.ts";
import type { Link } from "../../src/ports.ts";

type Messages = readonly (readonly unknown[])[];

/** One end. */
export class MemoryLink implements Link {
  /** Set to make the link look crowded. */
  queuedBytes = 0;
  /** All that was sent from here. */
  readonly sent: (readonly unknown[])[] = [];
  other: MemoryLink | undefined;
  closeError: KronError | undefined;
  isClosed = false;
  #outbox: (readonly unknown[])[] = [];
  #kept: Messages[] = [];
  #listener: ((messages: Messages) => void) | undefined;
  #closeListeners: ((error: KronError | undefined) => void)[] = [];

  send(message: readonly unknown[]): void {
    if (this.isClosed) return;
    for (const field of message) checkPayload(field, "message", 1024 * 1024);
    this.sent.push(message);
    this.#outbox.push(structuredClone(message));
    if (this.#outbox.length === 1) setImmediate(() => this.other?.receive(this.#outbox.splice(0)));
  }

  onMessages(listener: (messages: Messages) => void): void {
    this.#listener = listener;
    for (const messages of this.#kept.splice(0)) this.receive(messages);
  }

  onClose(listener: (error: KronError | undefined) => void): void {
    if (this.isClosed) queueMicrotask(() => listener(this.closeError));
    else this.#closeListeners.push(listener);
  }

  close(): void {
    this.fail(undefined);
  }

  /** The connection is gone, or the other side broke the protocol. */
  fail(error: KronError | undefined): void {
    if (this.isClosed) return;
    this.end(error);
    setImmediate(() => this.other?.end(error));
  }

  receive(messages: Messages): void {
    if (this.isClosed || messages.length === 0) return;
    if (this.#listener === undefined) {
      this.#kept.push(messages);
      return;
    }
    try {
      this.#listener(messages);
    } catch (error) {
      if (!isKronError(error)) throw error;
      this.fail(error);
    }
  }

  /** It is over. */
  end(error: KronError | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closeError = error;
    for (const listener of this.#closeListeners.splice(0)) listener(error);
  }
}

/** A link's two ends. */
export function memoryLinks(): readonly [near: MemoryLink, far: MemoryLink] {
  const near = new MemoryLink();
  const far = new MemoryLink();
  near.other = far;
  far.other = near;
  return [near, far];
}

/** An error as a lost connection gives it. */
export function disconnected(): KronError {
  return new KronError("KRON_IPC_PROTOCOL", "The connection was lost");
}
