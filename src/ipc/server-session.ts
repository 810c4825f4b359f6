/** The server's end of a connection: lets the client in, then carries out what it asks for. */

import { KronError } from "../core/errors.ts";
import { packCopy } from "../journal/codec.ts";
import { FRAME_KIND } from "../journal/frame.ts";
import type { Random } from "../ports.ts";
import type { IncomingFrame } from "./frame-reader.ts";
import type { IpcMethod } from "./methods.ts";
import { isSameProof, proofOf } from "./proof.ts";
import {
  CHANNEL,
  type ClientHello,
  challengeBody,
  nonceBytes,
  protocolError,
  protocolMax,
  protocolMin,
  readHello,
  readProof,
  welcomeBody,
} from "./protocol.ts";
import { ServerPeer } from "./server-peer.ts";
import { ServerRequests } from "./server-requests.ts";
import { Session, type SessionOptions, unexpected } from "./session.ts";
import { readError } from "./wire-error.ts";

/** Who a server is, as it tells its clients. */
export interface ServerIdentity {
  readonly uuid: string;
  readonly mode: string;
  readonly version: string;
  readonly pid: number;
  readonly features: readonly string[];
}

/** What a session of a server needs. */
export interface ServerSessionOptions extends SessionOptions {
  readonly token: Uint8Array;
  readonly identity: ServerIdentity;
  readonly methods: ReadonlyMap<string, IpcMethod>;
  readonly random: Random;
  /** The port of the endpoint, 0 for a unix socket. */
  readonly port: number;
  /** 1 to 2^32 - 1; no other connection of this server has it. */
  readonly epoch: number;
  /** Called once when the client has proved itself. */
  readonly onAuthenticated: () => void;
}

type State =
  | { readonly kind: "hello" }
  | { readonly kind: "proof"; readonly hello: ClientHello; readonly expected: Uint8Array }
  | { readonly kind: "open"; readonly peer: ServerPeer; readonly requests: ServerRequests };

/** A session that answers. */
export class ServerSession extends Session {
  readonly #options: ServerSessionOptions;
  #state: State = { kind: "hello" };
  #handshakeDueMs: number;

  constructor(options: ServerSessionOptions) {
    super(options);
    this.#options = options;
    this.#handshakeDueMs = this.now() + this.limits.helloMs;
  }

  /** Requests under way; those that were taken back and are still worked on count too. */
  get inFlight(): number {
    return this.#state.kind === "open" ? this.#state.requests.inFlight : 0;
  }

  /** Whether the client has proved itself. */
  get isAuthenticated(): boolean {
    return this.#state.kind === "open";
  }

  override get wantsInput(): boolean {
    return this.queuedBytes <= this.limits.queuedBytesSoft;
  }

  /** Closes the connection, and tells the client why when there is a reason. */
  close(error?: KronError): void {
    this.end(error, true);
  }

  protected override bodyCap(kind: number): number | undefined {
    const { limits } = this;
    if (this.#state.kind !== "open") {
      return kind >= FRAME_KIND.hello && kind <= FRAME_KIND.close ? limits.handshakeBytesMax : undefined;
    }
    switch (kind) {
      case FRAME_KIND.request:
      case FRAME_KIND.messages:
        return limits.requestBytesMax;
      case FRAME_KIND.hello:
      case FRAME_KIND.proof:
      case FRAME_KIND.cancel:
      case FRAME_KIND.credit:
        return limits.handshakeBytesMax;
      case FRAME_KIND.close:
      case FRAME_KIND.error:
        return limits.requestBytesMax;
      default:
        return undefined;
    }
  }

  protected override handle(frame: IncomingFrame): void {
    const state = this.#state;
    if (frame.epoch !== (state.kind === "hello" ? 0 : this.#options.epoch)) {
      throw protocolError("Expected the epoch of this session", { fault: "epoch" });
    }
    if (frame.kind === FRAME_KIND.error && frame.seq === 0) this.#giveUp(readError(frame.body));
    else if (state.kind === "open") state.requests.handle(frame);
    else if (frame.seq !== 0 || frame.channel !== CHANNEL.call) throw unexpected(frame);
    else if (state.kind === "hello" && frame.kind === FRAME_KIND.hello) this.#greet(frame);
    else if (state.kind === "proof" && frame.kind === FRAME_KIND.proof) this.#admit(state, readProof(frame.body));
    else throw unexpected(frame);
  }

  protected override deadlineMs(): number {
    return this.#state.kind === "open" ? this.#state.requests.deadlineMs : this.#handshakeDueMs;
  }

  protected override expire(now: number): void {
    if (this.#state.kind === "open") this.#state.requests.expire(now);
    else this.fail(protocolError(`Expected ${this.#state.kind} within ${this.limits.helloMs} ms`, { fault: "slow" }));
  }

  protected override drained(): void {
    if (this.#state.kind === "open" && this.wantsInput) this.#state.requests.offer();
  }

  protected override onEnded(error: KronError | undefined): void {
    if (this.#state.kind !== "open") return;
    const reason = error ?? new KronError("KRON_DISCONNECTED", "The connection was closed");
    this.#state.requests.abandon(reason, error);
    this.#state.peer.closed(error);
  }

  #greet(frame: IncomingFrame): void {
    const hello = readHello(frame.body);
    this.#checkHello(hello);
    const { identity, random, token, epoch } = this.#options;
    const challenge = packCopy(challengeBody({ ...identity, protocol: protocolMax, nonce: random.bytes(nonceBytes) }));
    const helloBytes = frame.packedBody();
    this.writer.epoch = epoch;
    const cap = this.limits.handshakeBytesMax;
    this.writer.packedFrame(FRAME_KIND.challenge, 0, CHANNEL.call, challenge);
    this.writer.frame(FRAME_KIND.proof, 0, CHANNEL.call, [proofOf(token, "server", helloBytes, challenge)], cap);
    this.#handshakeDueMs = this.now() + this.limits.helloMs;
    this.#state = { kind: "proof", hello, expected: proofOf(token, "client", helloBytes, challenge) };
    this.wake();
  }

  #checkHello(hello: ClientHello): void {
    if (hello.protocolMin > protocolMax || hello.protocolMax < protocolMin) {
      const message = `Expected version ${protocolMin} to ${protocolMax} of the protocol, the client speaks ${hello.protocolMin} to ${hello.protocolMax}`;
      throw new KronError("KRON_IPC_VERSION", message, { hint: "Use the same version of Kron on both sides" });
    }
    const { identity, port } = this.#options;
    if (hello.uuid !== undefined && hello.uuid !== identity.uuid) {
      throw new KronError("KRON_IPC_FOREIGN", "Expected a client of this directory, but it looks for another one");
    }
    if (hello.port !== port) {
      throw new KronError("KRON_IPC_FOREIGN", `Expected a client of port ${port}, but it dialled ${hello.port}`);
    }
  }

  #admit(state: State & { readonly kind: "proof" }, proof: Uint8Array): void {
    if (!isSameProof(proof, state.expected)) {
      throw new KronError("KRON_UNAUTHORIZED", "Expected the client to know the token", {
        hint: "Read the token of the directory that the server holds",
      });
    }
    const { limits, methods, epoch } = this.#options;
    const peer = new ServerPeer(epoch, state.hello, this);
    const requests = new ServerRequests({
      limits,
      methods,
      peer,
      writer: this.writer,
      now: this.now,
      wake: () => this.wake(),
      isCongested: () => !this.wantsInput,
      report: this.report,
    });
    this.#state = { kind: "open", peer, requests };
    this.writer.frame(FRAME_KIND.welcome, 0, CHANNEL.call, welcomeBody(limits), limits.handshakeBytesMax);
    this.wake();
    this.#options.onAuthenticated();
  }

  /** The client says that it cannot go on. */
  #giveUp(error: KronError): void {
    this.end(error, false);
  }
}
