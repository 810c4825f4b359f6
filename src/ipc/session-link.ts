/** One end of a link, the same on both sides: messages gather in the session's output, and arrive by `receive`. */

import { isKronError, KronError } from "../core/errors.ts";
import type { Link } from "../ports.ts";
import type { Report } from "./session.ts";
import { toKronError } from "./wire-error.ts";

/** What a link needs of its session. */
export interface LinkCarrier {
  readonly queuedBytes: number;
  readonly report: Report;
  sendMessage(seq: number, message: readonly unknown[]): void;
  /** Tells the other side that the link is over, and forgets it. */
  closeLink(seq: number, error: KronError | undefined): void;
}

type Messages = readonly (readonly unknown[])[];

/** A `Link` over a session. */
export class SessionLink implements Link {
  readonly #carrier: LinkCarrier;
  readonly #seq: number;
  readonly #keptBytesMax: number;
  #kept: Messages[] = [];
  #keptBytes = 0;
  #listener: ((messages: Messages) => void) | undefined;
  #isClosed = false;
  #closeError: KronError | undefined;
  readonly #closeListeners: ((error: KronError | undefined) => void)[] = [];

  constructor(carrier: LinkCarrier, seq: number, keptBytesMax: number) {
    this.#carrier = carrier;
    this.#seq = seq;
    this.#keptBytesMax = keptBytesMax;
  }

  get queuedBytes(): number {
    return this.#carrier.queuedBytes;
  }

  send(message: readonly unknown[]): void {
    if (!this.#isClosed) this.#carrier.sendMessage(this.#seq, message);
  }

  onMessages(listener: (messages: Messages) => void): void {
    this.#listener = listener;
    const kept = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    for (const messages of kept) this.#deliver(messages);
  }

  onClose(listener: (error: KronError | undefined) => void): void {
    if (this.#isClosed) queueMicrotask(() => listener(this.#closeError));
    else this.#closeListeners.push(listener);
  }

  close(): void {
    this.fail(undefined);
  }

  /** Closes the link and tells the other side why. */
  fail(error: KronError | undefined): void {
    if (this.#isClosed) return;
    this.#carrier.closeLink(this.#seq, error);
    this.closed(error);
  }

  /** Messages have come, in a body of so many bytes. */
  receive(messages: Messages, bodyBytes: number): void {
    if (this.#isClosed) return;
    if (this.#listener !== undefined) {
      this.#deliver(messages);
      return;
    }
    // Small messages take more memory than their bytes say; each counts for a few more.
    this.#keptBytes += bodyBytes + messages.length * 64;
    if (this.#keptBytes > this.#keptBytesMax) {
      this.fail(
        new KronError("KRON_IPC_OVERLOADED", `Expected a listener before ${this.#keptBytesMax} bytes had come`),
      );
    } else this.#kept.push(messages);
  }

  /** The link is over, and the other side knows. */
  closed(error: KronError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeError = error;
    for (const listener of this.#closeListeners.splice(0)) this.#guard(() => listener(error));
  }

  #deliver(messages: Messages): void {
    try {
      this.#listener?.(messages);
    } catch (thrown) {
      if (!isKronError(thrown)) this.#carrier.report(thrown, "A listener of a link failed");
      this.fail(toKronError(thrown));
    }
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (thrown) {
      this.#carrier.report(thrown, "A listener of a link's end failed");
    }
  }
}
