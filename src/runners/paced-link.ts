/**
 * Sends messages over a link as fast as it takes them. What has been sent and not left grows with each message, up to
 * a limit past which the connection is closed; so what may be large waits here until there is room.
 */

import type { CancelWait, Clock, Link } from "../ports.ts";

const queuedBytesMax = 4 * 1024 * 1024;
const lookAgainMs = 2;

/** Holds messages back while the link is crowded. Its owner sees to it that they are not too many. */
export class PacedLink {
  readonly #link: Link;
  readonly #clock: Clock;
  #held: (readonly unknown[])[] = [];
  #cancelWait: CancelWait | undefined;

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
    link.onClose(() => this.#drop());
  }

  /** Messages that wait. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Whether more is on its way than should be. */
  get isCrowded(): boolean {
    return this.#held.length > 0 || this.#link.queuedBytes > queuedBytesMax;
  }

  /** Sends a message, after those that wait. */
  send(message: readonly unknown[]): void {
    if (this.isCrowded) {
      this.#held.push(message);
      this.#cancelWait ??= this.#clock.wakeAfter(lookAgainMs, () => this.#release());
    } else this.#link.send(message);
  }

  #release(): void {
    this.#cancelWait = undefined;
    let sent = 0;
    while (sent < this.#held.length && this.#link.queuedBytes <= queuedBytesMax) {
      this.#link.send(this.#held[sent] as readonly unknown[]);
      sent += 1;
    }
    this.#held = this.#held.slice(sent);
    if (this.#held.length > 0) this.#cancelWait = this.#clock.wakeAfter(lookAgainMs, () => this.#release());
  }

  #drop(): void {
    this.#cancelWait?.();
    this.#held = [];
  }
}
