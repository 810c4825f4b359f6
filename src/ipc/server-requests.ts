/** The requests of one client: opens them, and brings each to its one end, whatever its method does. */

import { quote } from "../core/describe.ts";
import { isKronError, KronError } from "../core/errors.ts";
import { FRAME_KIND } from "../journal/frame.ts";
import type { IncomingFrame } from "./frame-reader.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { type IpcLimits, replyBytesMax } from "./limits.ts";
import type { IpcMethod, IpcPeer } from "./methods.ts";
import {
  CHANNEL,
  type Channel,
  fields,
  protocolError,
  type Request,
  readCredit,
  readMessages,
  readRequest,
} from "./protocol.ts";
import { ServerCall } from "./server-call.ts";
import { ServerStream, type StreamCarrier } from "./server-stream.ts";
import { type Report, unexpected } from "./session.ts";
import { type LinkCarrier, SessionLink } from "./session-link.ts";
import { errorBody, readError, toKronError } from "./wire-error.ts";

/** What the requests of a client need of its session. */
export interface RequestsOptions {
  readonly limits: IpcLimits;
  readonly methods: ReadonlyMap<string, IpcMethod>;
  readonly peer: IpcPeer;
  readonly writer: FrameWriter;
  readonly now: () => number;
  readonly wake: () => void;
  /** Whether so much waits to be sent that items of streams had better wait. */
  readonly isCongested: () => boolean;
  readonly report: Report;
}

/** A request that has not had its last frame, or whose method has not settled. */
type Open = { isPending: boolean } & (
  | { readonly channel: typeof CHANNEL.call; readonly call: ServerCall }
  | { readonly channel: typeof CHANNEL.stream; readonly call: ServerStream }
  | { readonly channel: typeof CHANNEL.link; readonly call: ServerCall; readonly link: SessionLink; isOpening: boolean }
);

const channels = { unary: CHANNEL.call, stream: CHANNEL.stream, link: CHANNEL.link } as const;
const never = Number.POSITIVE_INFINITY;

/** All requests of one connection. */
export class ServerRequests implements LinkCarrier, StreamCarrier {
  readonly #options: RequestsOptions;
  readonly report: Report;
  readonly #open = new Map<number, Open>();
  /** Those of them that are streams, which are few; looked through whenever there is room again. */
  readonly #streams = new Set<number>();
  #isOver = false;
  #lastSeq = 0;
  /** Ended towards the client, but their methods have not settled. */
  #lingering = 0;
  /** Not after the earliest deadline; may be of a request that has ended meanwhile. */
  #deadlineMs = never;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.report = options.report;
  }

  get inFlight(): number {
    return this.#open.size + this.#lingering;
  }

  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  get queuedBytes(): number {
    return this.#options.writer.queuedBytes;
  }

  get isCongested(): boolean {
    return this.#options.isCongested();
  }

  /** Acts on a frame of a client that has been let in. Throws `KRON_IPC_PROTOCOL`. */
  handle(frame: IncomingFrame): void {
    if (frame.kind === FRAME_KIND.request) {
      this.#request(frame);
      return;
    }
    const { kind, seq } = frame;
    if (seq === 0 || seq > this.#lastSeq) throw unexpected(frame);
    const open = this.#open.get(seq);
    // What has ended here may get frames that were sent before the client knew.
    if (open !== undefined && open.channel !== frame.channel) throw unexpected(frame);
    switch (kind) {
      case FRAME_KIND.cancel:
        fields(frame.body, 0, "a cancellation");
        if (open !== undefined) this.#cancel(seq, open, cancelled());
        return;
      case FRAME_KIND.credit: {
        if (frame.channel !== CHANNEL.stream) throw unexpected(frame);
        const count = readCredit(frame.body, this.#options.limits.windowMax);
        if (open?.channel === CHANNEL.stream) this.#guard(open, () => open.call.grant(count));
        return;
      }
      case FRAME_KIND.messages: {
        if (frame.channel !== CHANNEL.link) throw unexpected(frame);
        const messages = readMessages(frame.body);
        if (open?.channel === CHANNEL.link) open.link.receive(messages, frame.bodyBytes);
        return;
      }
      case FRAME_KIND.close:
        if (frame.channel !== CHANNEL.link) throw unexpected(frame);
        this.#closedByClient(seq, open, frame.body);
        return;
      default:
        throw unexpected(frame);
    }
  }

  /** Ends what has passed its deadline. */
  expire(now: number): void {
    let earliest = never;
    for (const [seq, open] of this.#open) {
      const at = open.channel === CHANNEL.link && !open.isOpening ? never : open.call.deadlineAtMs;
      if (at <= now) this.#cancel(seq, open, new KronError("KRON_DEADLINE", "The deadline of the request has passed"));
      else if (at < earliest) earliest = at;
    }
    this.#deadlineMs = earliest;
  }

  /** There is room for items again. */
  offer(): void {
    for (const seq of this.#streams) {
      const open = this.#open.get(seq);
      if (open?.channel === CHANNEL.stream) this.#guard(open, () => open.call.offer());
      if (this.isCongested) return;
    }
  }

  /** The connection is gone: everything under way is aborted, and nobody is told. */
  abandon(reason: KronError, error: KronError | undefined): void {
    this.#isOver = true;
    for (const [seq, open] of [...this.#open]) {
      this.#remove(seq);
      if (open.channel === CHANNEL.link) open.link.closed(error);
      if (open.channel === CHANNEL.stream) open.call.closed(reason);
      else open.call.abort(reason);
    }
  }

  sendItem(seq: number, item: unknown): void {
    this.#options.writer.append(FRAME_KIND.items, seq, CHANNEL.stream, item, replyBytesMax);
    this.#options.wake();
  }

  sendMessage(seq: number, message: readonly unknown[]): void {
    if (!this.#open.has(seq)) return;
    this.#options.writer.append(FRAME_KIND.messages, seq, CHANNEL.link, message, replyBytesMax);
    this.#options.wake();
  }

  finishStream(seq: number, error: KronError | undefined): void {
    if (!this.#remove(seq)) return;
    if (error !== undefined) this.#sendError(seq, CHANNEL.stream, error);
    else this.#send(FRAME_KIND.end, seq, CHANNEL.stream, []);
  }

  closeLink(seq: number, error: KronError | undefined): void {
    const open = this.#open.get(seq);
    if (open?.channel !== CHANNEL.link) return;
    this.#remove(seq);
    // While it opens the client waits for a reply, and this is it.
    if (open.isOpening) this.#sendError(seq, CHANNEL.link, error ?? closedBeforeOpen());
    else this.#send(FRAME_KIND.close, seq, CHANNEL.link, error === undefined ? [] : errorBody(error));
  }

  #request(frame: IncomingFrame): void {
    const { seq } = frame;
    const { limits, methods, now } = this.#options;
    if (seq !== this.#lastSeq + 1) {
      throw protocolError(`Expected request ${this.#lastSeq + 1}, got ${seq}`, { fault: "seq" });
    }
    if (frame.channel > CHANNEL.link) throw unexpected(frame);
    const channel = frame.channel as Channel;
    const request = readRequest(frame.body, channel, limits.windowMax);
    this.#lastSeq = seq;
    const method = methods.get(request.method);
    if (method === undefined || channels[method.kind] !== channel) {
      this.#sendError(seq, channel, unknownMethod(request.method, method));
      return;
    }
    if (this.inFlight >= limits.inFlightMax) {
      const message = `Expected at most ${limits.inFlightMax} requests in flight`;
      this.#sendError(seq, channel, new KronError("KRON_IPC_OVERLOADED", message));
      return;
    }
    const deadlineAtMs = request.deadlineMs === 0 ? never : now() + request.deadlineMs;
    if (method.kind === "unary") this.#call(seq, method, request, deadlineAtMs);
    else if (method.kind === "stream") this.#openStream(seq, method, request, deadlineAtMs);
    else this.#openLink(seq, method, request, deadlineAtMs);
  }

  #call(seq: number, method: IpcMethod & { kind: "unary" }, request: Request, deadlineAtMs: number): void {
    const call = new ServerCall(this.#options.peer, deadlineAtMs);
    let result: unknown;
    try {
      result = method.call(request.params, call);
    } catch (thrown) {
      this.#sendError(seq, CHANNEL.call, this.#judge(thrown, request.method));
      return;
    }
    // Answered at once: nothing can be taken back, so nothing is remembered.
    if (!isThenable(result)) {
      this.#respond(seq, CHANNEL.call, result);
      return;
    }
    const open: Open = { channel: CHANNEL.call, call, isPending: true };
    this.#add(seq, open);
    this.#follow(
      result,
      seq,
      open,
      (value) => {
        if (this.#remove(seq)) this.#respond(seq, CHANNEL.call, value);
      },
      (thrown) => {
        const error = this.#judge(thrown, request.method);
        if (this.#remove(seq)) this.#sendError(seq, CHANNEL.call, error);
      },
    );
  }

  #openStream(seq: number, method: IpcMethod & { kind: "stream" }, request: Request, deadlineAtMs: number): void {
    const { peer, limits } = this.#options;
    const call = new ServerStream(this, seq, peer, deadlineAtMs, request.window, limits.windowMax);
    const open: Open = { channel: CHANNEL.stream, call, isPending: false };
    this.#add(seq, open);
    const refused = (thrown: unknown): void => call.fail(this.#judge(thrown, request.method));
    try {
      const opened: unknown = method.open(request.params, call);
      if (!isThenable(opened)) return;
      open.isPending = true;
      this.#follow(opened, seq, open, () => undefined, refused);
    } catch (thrown) {
      refused(thrown);
    }
  }

  #openLink(seq: number, method: IpcMethod & { kind: "link" }, request: Request, deadlineAtMs: number): void {
    const { peer, limits } = this.#options;
    const link = new SessionLink(this, seq, limits.keptBytesMax);
    const call = new ServerCall(peer, deadlineAtMs);
    const open: Open = { channel: CHANNEL.link, call, link, isOpening: true, isPending: false };
    this.#add(seq, open);
    const opened = (reply: unknown): void => {
      if (this.#open.get(seq) !== open) return;
      open.isOpening = false;
      this.#respond(seq, CHANNEL.link, reply);
    };
    const refused = (thrown: unknown): void => link.fail(this.#judge(thrown, request.method));
    try {
      const reply = method.open(request.params, link, peer);
      open.isPending = isThenable(reply);
      if (isThenable(reply)) this.#follow(reply, seq, open, opened, refused);
      else opened(reply);
    } catch (thrown) {
      refused(thrown);
    }
  }

  #add(seq: number, open: Open): void {
    this.#open.set(seq, open);
    if (open.channel === CHANNEL.stream) this.#streams.add(seq);
    const { deadlineAtMs } = open.call;
    if (deadlineAtMs >= this.#deadlineMs) return;
    this.#deadlineMs = deadlineAtMs;
    this.#options.wake();
  }

  /** Forgets a request, whose last frame is sent or need not be; false when that had happened before. */
  #remove(seq: number): boolean {
    const open = this.#open.get(seq);
    if (open === undefined) return false;
    this.#open.delete(seq);
    if (open.channel === CHANNEL.stream) this.#streams.delete(seq);
    if (open.isPending) this.#lingering += 1;
    return true;
  }

  /** Waits for a method; until it settles it counts, even when nobody waits for its answer any more. */
  #follow(
    promise: PromiseLike<unknown>,
    seq: number,
    open: Open,
    done: (value: unknown) => void,
    failed: (thrown: unknown) => void,
  ): void {
    const settled = (): void => {
      open.isPending = false;
      if (this.#open.get(seq) !== open) this.#lingering -= 1;
    };
    promise.then(
      (value) => {
        settled();
        done(value);
      },
      (thrown) => {
        settled();
        failed(thrown);
      },
    );
  }

  #cancel(seq: number, open: Open, reason: KronError): void {
    if (open.channel === CHANNEL.stream) open.call.fail(reason);
    else if (open.channel === CHANNEL.link) open.link.fail(reason);
    else if (this.#remove(seq)) this.#sendError(seq, CHANNEL.call, reason);
    open.call.abort(reason);
  }

  #closedByClient(seq: number, open: Open | undefined, body: readonly unknown[]): void {
    const error = body.length === 0 ? undefined : readError(body);
    if (open?.channel !== CHANNEL.link) return;
    // Answered, so that the client knows that nothing more will come.
    this.closeLink(seq, undefined);
    open.link.closed(error);
    open.call.abort(error ?? closedBeforeOpen());
  }

  /** Runs what belongs to a stream's method; what it throws is the end of that stream. */
  #guard(open: Open & { channel: typeof CHANNEL.stream }, call: () => void): void {
    try {
      call();
    } catch (thrown) {
      if (isKronError(thrown, "KRON_IPC_PROTOCOL")) throw thrown;
      open.call.fail(this.#judge(thrown, "of a stream"));
    }
  }

  /** The error for the client; what was not foreseen is reported here as well. */
  #judge(thrown: unknown, method: string): KronError {
    if (!isKronError(thrown)) this.report(thrown, `The method ${method} failed`);
    return toKronError(thrown);
  }

  #respond(seq: number, channel: Channel, value: unknown): void {
    if (this.#isOver) return;
    try {
      this.#options.writer.frame(FRAME_KIND.response, seq, channel, [value], replyBytesMax);
    } catch (thrown) {
      this.report(thrown, "The answer of a method could not be carried");
      if (channel === CHANNEL.link) this.#refuseLink(seq, toKronError(thrown));
      else this.#sendError(seq, channel, toKronError(thrown));
      return;
    }
    this.#options.wake();
  }

  #refuseLink(seq: number, error: KronError): void {
    const open = this.#open.get(seq);
    if (open?.channel !== CHANNEL.link) return;
    open.isOpening = true;
    open.link.fail(error);
  }

  #sendError(seq: number, channel: Channel, error: KronError): void {
    this.#send(FRAME_KIND.error, seq, channel, errorBody(error));
  }

  #send(kind: number, seq: number, channel: Channel, body: readonly unknown[]): void {
    // A method may close the connection and then answer, or fail.
    if (this.#isOver) return;
    this.#options.writer.frame(kind, seq, channel, body, replyBytesMax);
    this.#options.wake();
  }
}

/** What came of a method: a promise, whoever's, or the answer itself. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function unknownMethod(name: string, found: IpcMethod | undefined): KronError {
  const what = found === undefined ? "has none of this name" : `has it as ${found.kind}`;
  return new KronError("KRON_IPC_METHOD_UNKNOWN", `Expected a method ${quote(name)}, but this server ${what}`, {
    hint: "Use the same version of Kron on both sides",
  });
}

function cancelled(): KronError {
  return new KronError("KRON_CANCELLED", "The client took the request back");
}

function closedBeforeOpen(): KronError {
  return new KronError("KRON_CANCELLED", "The link was closed");
}
