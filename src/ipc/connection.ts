/**
 * Ties a session to a socket: bytes in, bytes out once a turn and one write at a time, one timer, and the end. What
 * gathers while a write is under way goes out with the next one.
 */

import type { Socket } from "node:net";
import type { CancelWait, Clock } from "../ports.ts";
import type { Session } from "./session.ts";
import { atEndOfTurn } from "./turn.ts";

/** Timers are not armed for more than this; the session is asked again then. */
const waitMsMax = 2 ** 31 - 1;

/** What a connection needs besides its socket and session. */
export interface ConnectionOptions {
  readonly clock: Clock;
  /** What is still to be sent when the session has ended gets this long. */
  readonly closeMs: number;
  /** Called once: the socket is closed and the session has ended. */
  readonly onGone: () => void;
}

/** One connection. */
export class Connection {
  readonly #socket: Socket;
  readonly #session: Session;
  readonly #options: ConnectionOptions;
  readonly #flushNow = (): void => this.#flush();
  #isFlushing = false;
  #isWriting = false;
  #isClosing = false;
  #isPaused = false;
  #isGone = false;
  #cancelTimer: CancelWait | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #socketError: Error | undefined;

  constructor(socket: Socket, session: Session, options: ConnectionOptions) {
    this.#socket = socket;
    this.#session = session;
    this.#options = options;
    session.onWake = () => this.#wake();
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("error", (error) => {
      this.#socketError = error;
    });
    socket.on("end", () => session.lost(this.#socketError));
    socket.on("close", () => this.#closed());
    this.#wake();
  }

  /** Closes the socket at once, whatever is still to be sent. */
  destroy(): void {
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    const session = this.#session;
    if (session.isEnded) return;
    session.feed(chunk);
    this.#steer();
  }

  /** Reads or not, and arms the timer, as the session wants it now. */
  #steer(): void {
    const session = this.#session;
    const isPaused = !session.isEnded && !session.wantsInput;
    if (isPaused !== this.#isPaused) {
      this.#isPaused = isPaused;
      if (isPaused) this.#socket.pause();
      else this.#socket.resume();
    }
    if (session.wakeAtMs < this.#timerAtMs) this.#arm(session.wakeAtMs);
  }

  #wake(): void {
    if (this.#session.wakeAtMs < this.#timerAtMs) this.#arm(this.#session.wakeAtMs);
    if (this.#isFlushing || this.#isWriting || this.#isGone) return;
    this.#isFlushing = true;
    atEndOfTurn(this.#flushNow);
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isWriting || this.#isGone) return;
    const bytes = this.#session.takeOutput();
    if (bytes === undefined) {
      if (this.#session.isEnded) this.#finish();
      return;
    }
    this.#isWriting = true;
    this.#socket.write(bytes, () => this.#written());
    this.#steer();
  }

  #written(): void {
    const session = this.#session;
    this.#isWriting = false;
    session.sent();
    if (this.#isGone) return;
    if (this.#isPaused && session.wantsInput) session.resume();
    this.#steer();
    this.#wake();
  }

  /** All has been sent: says goodbye, and waits for the other side to do the same, but not for long. */
  #finish(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    // Bytes that nobody reads would make the system drop what we have sent; they are read and dropped.
    this.#socket.resume();
    this.#socket.end();
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.wakeAfter(this.#options.closeMs, () => this.#socket.destroy(), false);
  }

  #arm(atMs: number): void {
    if (this.#isGone || this.#isClosing) return;
    this.#cancelTimer?.();
    this.#timerAtMs = atMs;
    const delayMs = Math.min(waitMsMax, Math.max(0, atMs - this.#options.clock.monotonicMs()));
    // What arrived while this process was busy is read first, so that nobody is late because we were.
    this.#cancelTimer = this.#options.clock.wakeAfter(delayMs, () => atEndOfTurn(() => this.#tick()), false);
  }

  #tick(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#isGone) return;
    this.#session.tick();
    this.#steer();
  }

  #closed(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#cancelTimer?.();
    this.#session.lost(this.#socketError);
    this.#options.onGone();
  }
}
