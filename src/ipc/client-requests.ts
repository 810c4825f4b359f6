/**
 * The requests of a client: numbers them, sends as many at a time as the server takes, and brings each frame that
 * comes back to the one who waits for it. A request that was given up is remembered until its last frame has come,
 * so that nothing the server may rightly send is ever taken for a breach.
 */

import { KronError } from "../core/errors.ts";
import { FRAME_KIND } from "../journal/frame.ts";
import { type AnyExchange, abandonedExchange } from "./client-exchange.ts";
import type { IncomingFrame } from "./frame-reader.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { type IpcLimits, waitingCallsMax } from "./limits.ts";
import { CHANNEL, fields, readMessages, readResponse, type Welcome } from "./protocol.ts";
import { type Report, unexpected } from "./session.ts";
import { type LinkCarrier, SessionLink } from "./session-link.ts";
import { errorBody, readError } from "./wire-error.ts";

/** What the requests of a client need of its session. */
export interface ClientRequestsOptions {
  readonly limits: IpcLimits;
  readonly seqMax: number;
  readonly writer: FrameWriter;
  readonly now: () => number;
  readonly wake: () => void;
  readonly report: Report;
}

const never = Number.POSITIVE_INFINITY;
/** The number of a request that was given up before it was sent: it only keeps its place until its turn comes. */
const givenUp = -1;

/** All requests of one connection. */
export class ClientRequests implements LinkCarrier {
  readonly #options: ClientRequestsOptions;
  readonly report: Report;
  readonly #open = new Map<number, AnyExchange>();
  /** Not sent yet, the oldest first; from `#waitingFrom` on. */
  #waiting: AnyExchange[] = [];
  #waitingFrom = 0;
  #lastSeq = 0;
  #welcome: Welcome | undefined;
  #deadlineMs = never;
  #endedBy: KronError | undefined;

  constructor(options: ClientRequestsOptions) {
    this.#options = options;
    this.report = options.report;
  }

  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  get queuedBytes(): number {
    return this.#options.writer.queuedBytes;
  }

  /** Requests sent whose last frame has not come. */
  get inFlight(): number {
    return this.#open.size;
  }

  /** The server has let us in: what waits is sent. */
  open(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#sendWaiting();
  }

  /** Sends a request, or has it wait its turn. What comes of it is told to `exchange`, failures too. */
  begin(exchange: AnyExchange): void {
    if (this.#endedBy !== undefined) exchange.failed(this.#endedBy);
    else if (this.#hasRoom && this.#waiting.length === this.#waitingFrom) this.#send(exchange);
    else if (this.#waiting.length - this.#waitingFrom >= waitingCallsMax) {
      exchange.failed(new KronError("KRON_IPC_OVERLOADED", `Expected at most ${waitingCallsMax} requests to wait`));
    } else {
      this.#waiting.push(exchange);
      this.#watch(exchange);
    }
  }

  /** Gives a request up: the server is told, whoever waits for it is not. */
  giveUp(exchange: AnyExchange): void {
    const { seq, channel } = exchange;
    if (seq === 0) exchange.seq = givenUp;
    else if (this.#open.get(seq) === exchange) {
      this.#open.set(seq, abandonedExchange(channel, seq));
      this.#frame(FRAME_KIND.cancel, seq, channel, []);
    }
  }

  /** Lets a stream send more items. */
  grant(seq: number, count: number): void {
    if (this.#open.has(seq)) this.#frame(FRAME_KIND.credit, seq, CHANNEL.stream, [count]);
  }

  sendMessage(seq: number, message: readonly unknown[]): void {
    if (!this.#open.has(seq)) return;
    const cap = this.#welcome?.requestBytesMax ?? this.#options.limits.requestBytesMax;
    this.#options.writer.append(FRAME_KIND.messages, seq, CHANNEL.link, message, cap);
    this.#options.wake();
  }

  closeLink(seq: number, error: KronError | undefined): void {
    if (!this.#open.has(seq)) return;
    this.#open.set(seq, abandonedExchange(CHANNEL.link, seq));
    this.#frame(FRAME_KIND.close, seq, CHANNEL.link, error === undefined ? [] : errorBody(error));
  }

  /** Acts on a frame of a server that has let us in. Throws `KRON_IPC_PROTOCOL`. */
  handle(frame: IncomingFrame): void {
    const { kind, seq, body } = frame;
    const exchange = this.#open.get(seq);
    if (exchange === undefined || exchange.channel !== frame.channel) throw unexpected(frame);
    switch (kind) {
      case FRAME_KIND.response: {
        if (exchange.channel === CHANNEL.stream) throw unexpected(frame);
        if (exchange.answered(readResponse(body))) this.#remove(seq);
        return;
      }
      case FRAME_KIND.error: {
        const error = readError(body);
        this.#remove(seq);
        if (exchange.channel === CHANNEL.link) exchange.link?.closed(error);
        exchange.failed(error);
        return;
      }
      case FRAME_KIND.items:
        if (exchange.channel !== CHANNEL.stream) throw unexpected(frame);
        exchange.items(body);
        return;
      case FRAME_KIND.end:
        if (exchange.channel !== CHANNEL.stream) throw unexpected(frame);
        fields(body, 0, "an end");
        this.#remove(seq);
        exchange.ended();
        return;
      case FRAME_KIND.messages:
        if (exchange.channel !== CHANNEL.link) throw unexpected(frame);
        exchange.link?.receive(readMessages(body), frame.bodyBytes);
        return;
      case FRAME_KIND.close: {
        if (exchange.channel !== CHANNEL.link) throw unexpected(frame);
        const error = body.length === 0 ? undefined : readError(body);
        this.#remove(seq);
        exchange.link?.closed(error);
        exchange.failed(error ?? new KronError("KRON_CANCELLED", "The link was closed"));
        return;
      }
      default:
        throw unexpected(frame);
    }
  }

  /** Fails what has passed its deadline. */
  expire(now: number): void {
    this.#deadlineMs = never;
    for (const exchange of [...this.#waiting.slice(this.#waitingFrom), ...this.#open.values()]) {
      if (exchange.seq === givenUp) continue;
      if (exchange.deadlineAtMs > now) this.#watch(exchange);
      else {
        this.giveUp(exchange);
        exchange.failed(late(exchange));
      }
    }
  }

  /** The connection is gone: whoever waits is told, and nothing more can be asked. */
  abandon(error: KronError | undefined): void {
    const lost = lostBy(error);
    this.#endedBy = lost;
    const all = [...this.#open.values(), ...this.#waiting.slice(this.#waitingFrom)];
    this.#open.clear();
    this.#waiting = [];
    this.#waitingFrom = 0;
    for (const exchange of all) {
      if (exchange.channel === CHANNEL.link) exchange.link?.closed(error);
      exchange.failed(lost);
    }
  }

  /** Less waits to be sent than did: what waits for that is sent. */
  drained(): void {
    if (this.#waiting.length > this.#waitingFrom) this.#sendWaiting();
  }

  get #hasRoom(): boolean {
    if (this.#welcome === undefined || this.#open.size >= this.#welcome.inFlightMax) return false;
    // Requests are packed when there is room for them, so that many large ones never fill the memory.
    return this.queuedBytes <= this.#options.limits.queuedBytesSoft;
  }

  #remove(seq: number): void {
    this.#open.delete(seq);
    if (this.#waiting.length > this.#waitingFrom) this.#sendWaiting();
  }

  #sendWaiting(): void {
    while (this.#hasRoom && this.#waitingFrom < this.#waiting.length) {
      const exchange = this.#waiting[this.#waitingFrom] as AnyExchange;
      this.#waitingFrom += 1;
      if (exchange.seq !== givenUp) this.#send(exchange);
    }
    if (this.#waitingFrom < this.#waiting.length) return;
    this.#waiting = [];
    this.#waitingFrom = 0;
  }

  #send(exchange: AnyExchange): void {
    const { channel, method, deadlineMs, params, window } = exchange;
    if (this.#lastSeq >= this.#options.seqMax) {
      exchange.failed(
        new KronError("KRON_IPC_OVERLOADED", "This connection has used all its numbers", { hint: "Connect again" }),
      );
      return;
    }
    const body = channel === CHANNEL.stream ? [method, deadlineMs, params, window] : [method, deadlineMs, params];
    const seq = this.#lastSeq + 1;
    const cap = this.#welcome?.requestBytesMax ?? this.#options.limits.requestBytesMax;
    try {
      this.#options.writer.frame(FRAME_KIND.request, seq, channel, body, cap);
    } catch (error) {
      exchange.failed(error as KronError);
      return;
    }
    this.#lastSeq = seq;
    exchange.seq = seq;
    this.#open.set(seq, exchange);
    if (exchange.channel === CHANNEL.link)
      exchange.link = new SessionLink(this, seq, this.#options.limits.keptBytesMax);
    this.#watch(exchange);
    this.#options.wake();
  }

  #watch({ deadlineAtMs }: AnyExchange): void {
    if (deadlineAtMs >= this.#deadlineMs) return;
    this.#deadlineMs = deadlineAtMs;
    this.#options.wake();
  }

  #frame(kind: number, seq: number, channel: number, body: readonly unknown[]): void {
    this.#options.writer.frame(kind, seq, channel, body, this.#options.limits.requestBytesMax);
    this.#options.wake();
  }
}

function late({ method, deadlineMs }: AnyExchange): KronError {
  return new KronError("KRON_DEADLINE", `Expected an answer to ${method} within ${deadlineMs} ms`, {
    details: { method, deadlineMs },
  });
}

function lostBy(error: KronError | undefined): KronError {
  const why = error === undefined ? "it was closed" : `${error.code}: ${error.message}`;
  return new KronError("KRON_DISCONNECTED", `Expected an answer, but the connection is gone (${why})`, {
    cause: error,
    hint: "What was asked may or may not have been done: look before you ask again",
  });
}
