/** The client's end of a connection: proves itself once the server has, then asks. */

import { KronError } from "../core/errors.ts";
import { packCopy } from "../journal/codec.ts";
import { FRAME_KIND, seqMax } from "../journal/frame.ts";
import { ClientRequests } from "./client-requests.ts";
import type { IncomingFrame } from "./frame-reader.ts";
import { replyBytesMax } from "./limits.ts";
import { isSameProof, proofOf } from "./proof.ts";
import {
  CHANNEL,
  type ClientHello,
  helloBody,
  protocolError,
  readChallenge,
  readProof,
  readWelcome,
  type ServerHello,
} from "./protocol.ts";
import { Session, type SessionOptions, unexpected } from "./session.ts";
import { readError } from "./wire-error.ts";

/** What a session of a client needs. */
export interface ClientSessionOptions extends SessionOptions {
  readonly token: Uint8Array;
  readonly hello: ClientHello;
  /** The last number a request may have; less than 2^48 - 1 in tests only. */
  readonly seqMax?: number;
  /** Called once: the server is who it should be, and has let us in. */
  readonly onOpen: (server: ServerHello) => void;
  /** Called once when the session is over, for whatever reason. */
  readonly onEnd: (error: KronError | undefined) => void;
}

type State =
  | { readonly kind: "challenge" }
  | { readonly kind: "proof"; readonly server: ServerHello; readonly challenge: Uint8Array }
  | { readonly kind: "welcome"; readonly server: ServerHello }
  | { readonly kind: "open" };

/** A session that asks. */
export class ClientSession extends Session {
  readonly #options: ClientSessionOptions;
  readonly #helloBytes: Uint8Array;
  readonly requests: ClientRequests;
  #state: State = { kind: "challenge" };

  constructor(options: ClientSessionOptions) {
    super(options);
    this.#options = options;
    this.#helloBytes = packCopy(helloBody(options.hello));
    this.requests = new ClientRequests({
      limits: this.limits,
      seqMax: options.seqMax ?? seqMax,
      writer: this.writer,
      now: this.now,
      wake: () => this.wake(),
      report: this.report,
    });
    this.writer.packedFrame(FRAME_KIND.hello, 0, CHANNEL.call, this.#helloBytes);
  }

  /** Ends the session in order, or because of `error`, which the server is told. */
  close(error?: KronError): void {
    this.end(error, true);
  }

  protected override bodyCap(kind: number): number | undefined {
    if (kind < FRAME_KIND.hello || kind > FRAME_KIND.close) return undefined;
    return this.#state.kind === "open" ? replyBytesMax : this.limits.handshakeBytesMax;
  }

  protected override handle(frame: IncomingFrame): void {
    const state = this.#state;
    if (frame.kind === FRAME_KIND.error && frame.seq === 0) {
      this.#refused(readError(frame.body));
      return;
    }
    // The challenge is what tells the epoch.
    if (state.kind !== "challenge" && frame.epoch !== this.writer.epoch) {
      throw protocolError("Expected the epoch of this session", { fault: "epoch" });
    }
    if (state.kind === "open") this.requests.handle(frame);
    else if (frame.seq !== 0 || frame.channel !== CHANNEL.call) throw unexpected(frame);
    else if (state.kind === "challenge" && frame.kind === FRAME_KIND.challenge) this.#challenged(frame);
    else if (state.kind === "proof" && frame.kind === FRAME_KIND.proof) this.#prove(state, readProof(frame.body));
    else if (state.kind === "welcome" && frame.kind === FRAME_KIND.welcome) this.#enter(state.server, frame.body);
    else throw unexpected(frame);
  }

  protected override deadlineMs(): number {
    return this.requests.deadlineMs;
  }

  protected override expire(now: number): void {
    this.requests.expire(now);
  }

  protected override drained(): void {
    this.requests.drained();
  }

  protected override onEnded(error: KronError | undefined): void {
    this.requests.abandon(error);
    this.#options.onEnd(error);
  }

  #challenged(frame: IncomingFrame): void {
    const server = readChallenge(frame.body);
    const { protocolMin, protocolMax, uuid } = this.#options.hello;
    if (frame.epoch === 0) throw protocolError("Expected an epoch that is not 0", { fault: "epoch" });
    if (server.protocol < protocolMin || server.protocol > protocolMax) {
      const message = `Expected version ${protocolMin} to ${protocolMax} of the protocol, the server chose ${server.protocol}`;
      throw new KronError("KRON_IPC_VERSION", message, { hint: "Use the same version of Kron on both sides" });
    }
    if (uuid !== undefined && server.uuid !== uuid) {
      throw new KronError("KRON_IPC_FOREIGN", "Expected the server of another directory", {
        details: { expected: uuid, got: server.uuid },
      });
    }
    this.writer.epoch = frame.epoch;
    this.#state = { kind: "proof", server, challenge: new Uint8Array(frame.packedBody()) };
  }

  #prove(state: State & { readonly kind: "proof" }, proof: Uint8Array): void {
    const { token } = this.#options;
    if (!isSameProof(proof, proofOf(token, "server", this.#helloBytes, state.challenge))) {
      throw new KronError("KRON_UNAUTHORIZED", "Expected the server to know the token of the directory", {
        hint: "Something else answers at this endpoint; find out what before you go on",
      });
    }
    const mine = proofOf(token, "client", this.#helloBytes, state.challenge);
    this.writer.frame(FRAME_KIND.proof, 0, CHANNEL.call, [mine], this.limits.handshakeBytesMax);
    this.#state = { kind: "welcome", server: state.server };
    this.wake();
  }

  #enter(server: ServerHello, body: readonly unknown[]): void {
    const welcome = readWelcome(body);
    this.#state = { kind: "open" };
    this.requests.open(welcome);
    this.#options.onOpen(server);
  }

  #refused(error: KronError): void {
    this.end(error, false);
  }
}
