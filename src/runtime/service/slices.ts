/** Work on behalf of clients, cut into slices so short that timers are never late for it. */

import type { IpcStream } from "../../ipc/methods.ts";
import type { Clock } from "../../ports.ts";
import { nextTurn } from "../../system.ts";

const sliceMs = 2;

/** The slices of one long piece of work. */
export class Slices {
  readonly #clock: Clock;
  #endMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + sliceMs;
  }

  /** Whether it is time to let others have a turn. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  /** Lets others have a turn, and begins the next slice. */
  async next(): Promise<void> {
    await nextTurn();
    this.#endMs = this.#clock.monotonicMs() + sliceMs;
  }

  /** Sends an item once the client is ready for it, then lets others have a turn; false when the stream is over. */
  async send(stream: IpcStream, item: unknown): Promise<boolean> {
    while (!stream.signal.aborted && !stream.push(item)) await stream.ready();
    await this.next();
    return !stream.signal.aborted;
  }
}
