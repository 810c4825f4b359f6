/**
 * Reads events at the pace of a screen: they are handed on ten times a second, and no more are read than can be looked at.
 * The runtime keeps a bounded number for who reads slowly, drops what comes beyond it, and says how many that were.
 */

import type { Clock } from "../ports.ts";
import type { EventFacts } from "./facts.ts";

const batchMs = 100;
const batchMax = 50;

/** One stream of events, until it is stopped or ends. */
export class EventReader {
  readonly #clock: Clock;
  readonly #take: (items: readonly EventFacts[]) => void;
  readonly #controller = new AbortController();
  #batch: EventFacts[] = [];
  #isArmed = false;
  #whenHanded: (() => void) | undefined;

  constructor(
    clock: Clock,
    open: (signal: AbortSignal) => AsyncIterable<EventFacts>,
    take: (items: readonly EventFacts[]) => void,
  ) {
    this.#clock = clock;
    this.#take = take;
    void this.#read(open(this.#controller.signal));
  }

  stop(): void {
    this.#controller.abort();
    this.#whenHanded?.();
  }

  async #read(events: AsyncIterable<EventFacts>): Promise<void> {
    try {
      for await (const event of events) {
        if (this.#controller.signal.aborted) return;
        this.#batch.push(event);
        this.#arm();
        if (this.#batch.length >= batchMax) await this.#handed();
      }
    } catch {
      // Taken back, or lost with the connection, of which others tell.
    }
  }

  #handed(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenHanded = resolve;
    });
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.wakeAfter(batchMs, () => this.#hand(), false);
  }

  #hand(): void {
    this.#isArmed = false;
    const items = this.#batch;
    this.#batch = [];
    if (!this.#controller.signal.aborted) this.#take(items);
    this.#whenHanded?.();
  }
}
