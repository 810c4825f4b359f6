/**
 * What both ends of a connection have in common, without a socket and without a clock of their own: bytes go in by
 * `feed`, bytes come out by `takeOutput`, time is asked of a function, and what a frame means is for the two kinds of
 * session to say. So every exchange, good or bad, can be played in a test without waiting for anything.
 */

import { isKronError, KronError } from "../core/errors.ts";
import { FRAME_KIND } from "../journal/frame.ts";
import { FrameReader, type IncomingFrame } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { IpcLimits } from "./limits.ts";
import { kindName, protocolError } from "./protocol.ts";
import { errorBody, toKronError } from "./wire-error.ts";

/** Takes an error that belongs in a log and concerns nobody else. */
export type Report = (error: unknown, what: string) => void;

/** What every session needs. */
export interface SessionOptions {
  readonly limits: IpcLimits;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly report: Report;
}

/** One end of a connection. */
export abstract class Session {
  protected readonly limits: IpcLimits;
  protected readonly now: () => number;
  readonly report: Report;
  readonly #reader: FrameReader;
  protected readonly writer = new FrameWriter();
  #frameDueMs = Number.POSITIVE_INFINITY;
  #isEnded = false;
  #endError: KronError | undefined;
  #wake: () => void = () => undefined;

  constructor({ limits, now, report }: SessionOptions) {
    this.limits = limits;
    this.now = now;
    this.report = report;
    this.#reader = new FrameReader((kind) => this.bodyCap(kind));
  }

  /** Set by the connection: there is something to send, or the session has ended. */
  set onWake(wake: () => void) {
    this.#wake = wake;
  }

  /** Whether nothing more will be read or done; what is still to be sent should be, then the connection closes. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Why it ended; undefined while it has not, or when it ended in order. */
  get endError(): KronError | undefined {
    return this.#endError;
  }

  /** Bytes to be sent that the socket has not taken. */
  get queuedBytes(): number {
    return this.writer.queuedBytes;
  }

  /** Bytes that have arrived and form no whole frame yet. */
  get unreadBytes(): number {
    return this.#reader.unreadBytes;
  }

  /** When `tick` has to be called, by `now`; infinite when there is nothing to wait for. */
  get wakeAtMs(): number {
    return this.#isEnded ? Number.POSITIVE_INFINITY : Math.min(this.#frameDueMs, this.deadlineMs());
  }

  /** Whether more bytes should be read from the socket. */
  get wantsInput(): boolean {
    return true;
  }

  /** Takes bytes from the socket; never throws. `bytes` must not change afterwards. */
  feed(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.#reader.push(bytes);
    this.#read();
  }

  /** Goes on with what arrived while no input was wanted. */
  resume(): void {
    if (!this.#isEnded && this.#reader.unreadBytes > 0) this.#read();
  }

  /** What to send; the next call comes after `sent`. */
  takeOutput(): Uint8Array | undefined {
    return this.writer.take();
  }

  /** The socket has taken the output. */
  sent(): void {
    this.writer.release();
    if (!this.#isEnded) this.drained();
  }

  /** Looks at the clock. */
  tick(): void {
    if (this.#isEnded) return;
    const now = this.now();
    if (now >= this.#frameDueMs) {
      this.fail(protocolError(`Expected a whole frame within ${this.limits.frameMs} ms`, { fault: "slow" }));
    } else if (now >= this.deadlineMs()) this.expire(now);
  }

  /** The other side has closed its half, or the connection has broken. */
  lost(cause?: Error): void {
    if (this.#isEnded) return;
    const where = this.#reader.unreadBytes > 0 ? " in the middle of a frame" : "";
    this.end(
      new KronError("KRON_DISCONNECTED", `Expected the connection to last, but it was lost${where}`, { cause }),
      false,
    );
  }

  /** Ends the session, and tells the other side why. */
  fail(error: KronError): void {
    this.end(error, true);
  }

  protected end(error: KronError | undefined, isTold: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#endError = error;
    this.#reader.discard();
    this.onEnded(error);
    if (isTold && error !== undefined) {
      this.writer.frame(FRAME_KIND.error, 0, 0, errorBody(error), this.limits.requestBytesMax);
    }
    this.#wake();
  }

  /** Something is to be sent: has the connection look, and holds the limit of what may wait. */
  protected wake(): void {
    if (this.writer.queuedBytes > this.limits.queuedBytesMax && !this.#isEnded) {
      const message = `Expected at most ${this.limits.queuedBytesMax} bytes to wait for the other side`;
      this.writer.discard();
      this.fail(new KronError("KRON_IPC_OVERLOADED", message, { hint: "Read what was asked for, or ask for less" }));
    }
    this.#wake();
  }

  /** The largest body of a frame of this kind now; undefined when none may come. */
  protected abstract bodyCap(kind: number): number | undefined;
  /** Acts on a frame. What it throws ends the session. */
  protected abstract handle(frame: IncomingFrame): void;
  /** When the next deadline of this side passes. */
  protected abstract deadlineMs(): number;
  /** `deadlineMs()` has passed. */
  protected abstract expire(now: number): void;
  /** Nothing waits to be sent any more, or less than did. */
  protected abstract drained(): void;
  /** The session is over: everything that waits for it must be told. */
  protected abstract onEnded(error: KronError | undefined): void;

  #read(): void {
    let hasRead = false;
    try {
      while (!this.#isEnded && this.wantsInput) {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        hasRead = true;
        this.handle(frame);
      }
    } catch (thrown) {
      const error = toKronError(thrown);
      if (!isKronError(thrown)) this.report(thrown, "A frame could not be handled");
      this.fail(error);
    }
    if (this.#isEnded || this.#reader.unreadBytes === 0 || !this.wantsInput) {
      this.#frameDueMs = Number.POSITIVE_INFINITY;
    } else if (hasRead || this.#frameDueMs === Number.POSITIVE_INFINITY) {
      this.#frameDueMs = this.now() + this.limits.frameMs;
    }
  }
}

/** What is wrong with a frame that came at the wrong time. */
export function unexpected(frame: IncomingFrame): KronError {
  return protocolError(`Did not expect ${kindName(frame.kind)} for request ${frame.seq} here`, { fault: "order" });
}
