/** A stream under way on the server: counts credit, and ends once. */

import { KronError } from "../core/errors.ts";
import type { IpcPeer, IpcStream } from "./methods.ts";
import { protocolError } from "./protocol.ts";
import { ServerCall } from "./server-call.ts";

/** What a stream needs of its session. */
export interface StreamCarrier {
  /** Whether the connection has so much to send that items had better wait. */
  readonly isCongested: boolean;
  sendItem(seq: number, item: unknown): void;
  /** Ends the stream towards the client, and forgets it. */
  finishStream(seq: number, error: KronError | undefined): void;
}

/** An `IpcStream` over a session. */
export class ServerStream extends ServerCall implements IpcStream {
  readonly #carrier: StreamCarrier;
  readonly #seq: number;
  readonly #windowMax: number;
  #granted: number;
  #isOver = false;
  /** Somebody was told that there is no credit, so they are to hear when there is. */
  #isStarved = false;
  readonly #listeners: (() => void)[] = [];
  #waiters: (() => void)[] = [];

  constructor(
    carrier: StreamCarrier,
    seq: number,
    peer: IpcPeer,
    deadlineAtMs: number,
    window: number,
    windowMax: number,
  ) {
    super(peer, deadlineAtMs);
    this.#carrier = carrier;
    this.#seq = seq;
    this.#granted = window;
    this.#windowMax = windowMax;
  }

  get credit(): number {
    const credit = this.#isOver || this.#carrier.isCongested ? 0 : this.#granted;
    if (credit === 0) this.#isStarved = true;
    return credit;
  }

  push(item: unknown): boolean {
    if (this.credit === 0) return false;
    this.#carrier.sendItem(this.#seq, item);
    this.#granted -= 1;
    return true;
  }

  onCredit(listener: () => void): void {
    this.#listeners.push(listener);
  }

  ready(): Promise<void> {
    if (this.#isOver || this.credit > 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  end(): void {
    this.#finish(undefined);
  }

  fail(error: KronError): void {
    this.#finish(error);
  }

  /** The client is ready for `count` more. Throws `KRON_IPC_PROTOCOL` over the largest window. */
  grant(count: number): void {
    this.#granted += count;
    if (this.#granted > this.#windowMax) throw protocolError(`Expected a window of at most ${this.#windowMax}`);
    this.offer();
  }

  /** Tells those who wait, if there is credit. */
  offer(): void {
    if (!this.#isStarved || this.#isOver || this.#granted === 0 || this.#carrier.isCongested) return;
    this.#isStarved = false;
    this.#release();
    for (const listener of this.#listeners) listener();
  }

  /** The stream is over, and the client knows or is gone. */
  closed(reason: KronError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.abort(reason);
    this.#release();
  }

  #finish(error: KronError | undefined): void {
    if (this.#isOver) return;
    this.#carrier.finishStream(this.#seq, error);
    this.closed(error ?? new KronError("KRON_CANCELLED", "The stream was ended by its method"));
  }

  #release(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
