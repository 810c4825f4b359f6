/**
 * Connecting again after a connection was lost, with growing waits. A process that a supervisor started has only a short
 * while for it: its supervisor is gone, and nothing may run on without one.
 */

import type { CancelWait, Clock, Logger } from "../ports.ts";

/** What is needed for it. */
export interface ReconnectingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isSupervised: boolean;
  /** Whether waiting keeps the process running. */
  readonly keepAlive: boolean;
  /** Rejects when it is to be tried again. */
  readonly connect: () => Promise<void>;
  /** Ends this process, as its supervisor is gone. */
  readonly end: () => void;
}

/** A process that a supervisor started ends so long after it has lost it. */
export const orphanMs = 4_000;
const delayMsMin = 100;
const delayMsMax = 5_000;

/** Tries until it succeeds or is stopped. */
export class Reconnecting {
  readonly #options: ReconnectingOptions;
  readonly #cancelEnd: CancelWait | undefined;
  #cancelWait: CancelWait | undefined;
  #delayMs = delayMsMin;
  #isStopped = false;

  constructor(options: ReconnectingOptions) {
    this.#options = options;
    if (options.isSupervised) this.#cancelEnd = options.clock.wakeAfter(orphanMs, () => this.#end());
    this.#wait();
  }

  /** Tries no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelWait?.();
    this.#cancelEnd?.();
  }

  #wait(): void {
    if (this.#isStopped) return;
    const { clock, keepAlive } = this.#options;
    this.#cancelWait = clock.wakeAfter(this.#delayMs, () => void this.#try(), keepAlive);
    this.#delayMs = Math.min(delayMsMax, this.#delayMs * 2);
  }

  async #try(): Promise<void> {
    const { logger, connect } = this.#options;
    try {
      await connect();
      this.stop();
    } catch (error) {
      logger.debug({ err: error }, "The runtime cannot be reached yet");
      this.#wait();
    }
  }

  #end(): void {
    this.#options.logger.error({}, "The supervisor is gone, and this process ends with it");
    this.stop();
    this.#options.end();
  }
}
