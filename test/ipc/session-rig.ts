/** Sessions without sockets: frames made by hand go in, frames come out, and time is a number. */

import { crc32 } from "node:zlib";
import { isKronError } from "../../src/core/errors.ts";
import { ClientSession, type ClientSessionOptions } from "../../src/ipc/client-session.ts";
import { defaultLimits, type IpcLimits } from "../../src/ipc/limits.ts";
import { proofOf } from "../../src/ipc/proof.ts";
import { type ClientHello, challengeBody, helloBody, type ServerHello } from "../../src/ipc/protocol.ts";
import type { IpcMethod } from "../../src/ipc/server.ts";
import { ServerSession } from "../../src/ipc/server-session.ts";
import type { Session } from "../../src/ipc/session.ts";
import { packCopy, unpackValue } from "../../src/journal/codec.ts";
import {
  emptyHeader,
  FRAME_KIND,
  type FrameHeader,
  frameBytes,
  frameHeaderBytes,
  readHeader,
  writeFrame,
} from "../../src/journal/frame.ts";

/** The token that both sides know, unless a test says otherwise. */
export const token = new Uint8Array(32).fill(7);
/** The epoch of the server's session. */
export const epoch = 42;
/** The nonces of the two sides. */
export const clientNonce = new Uint8Array(32).fill(0xc1);
export const serverNonce = new Uint8Array(32).fill(0x5e);

/** What a client says when nothing else is asked for. */
export const hello: ClientHello = {
  protocolMin: 1,
  protocolMax: 1,
  features: [],
  name: "cli",
  version: "1.0.0",
  pid: 4711,
  uuid: undefined,
  port: 0,
  nonce: clientNonce,
};

/** What a server says. */
export const serverHello: ServerHello = {
  protocol: 1,
  features: [],
  uuid: "uuid-1",
  mode: "embedded",
  version: "1.0.0",
  pid: 815,
  nonce: serverNonce,
};

/** A frame with these header fields around a body: any value, or bytes as they are. */
export function frame(kind: number, body: unknown, fields: Partial<FrameHeader> = {}): Uint8Array {
  const packed = body instanceof Uint8Array ? body : packCopy(body);
  const bytes = new Uint8Array(frameBytes(packed.length));
  writeFrame(bytes, 0, { ...emptyHeader(), kind, term: epoch, ...fields }, packed, 0);
  return bytes;
}

/** HELLO as the rigs send it; `hello` may be another. */
export function helloFrame(body: unknown = helloBody(hello), fields: Partial<FrameHeader> = {}): Uint8Array {
  return frame(FRAME_KIND.hello, body, { term: 0, ...fields });
}

/** The proof of a client, or of a server, that knows `key`. */
export function proofFrame(role: "client" | "server", key = token): Uint8Array {
  const challenge = packCopy(challengeBody(serverHello));
  return frame(FRAME_KIND.proof, [proofOf(key, role, packCopy(helloBody(hello)), challenge)]);
}

/** A frame that came out. */
export interface Sent {
  readonly kind: number;
  readonly seq: number;
  readonly epoch: number;
  readonly channel: number;
  readonly body: readonly unknown[];
}

/** The frames in `bytes`, all of which must be good. */
export function framesIn(bytes: Uint8Array): Sent[] {
  const frames: Sent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = emptyHeader();
    const fault = readHeader(bytes, at, header, 0);
    if (fault !== undefined) throw new Error(`Bad frame at ${at}: ${fault}`);
    const bodyAt = at + frameHeaderBytes;
    const body = unpackValue(bytes, bodyAt, bodyAt + header.bodyBytes) as readonly unknown[];
    frames.push({ kind: header.kind, seq: header.seq, epoch: header.term, channel: header.stream, body });
    at += frameBytes(header.bodyBytes);
  }
  return frames;
}

/** What a session wants to send now, decoded. */
export function sent(session: Session): Sent[] {
  const bytes = session.takeOutput();
  const frames = bytes === undefined ? [] : framesIn(bytes);
  session.sent();
  return frames;
}

/** What ended a session: its code and fault; fails when it goes on, or ended without telling the other side why. */
export function verdict(session: Session): string {
  if (!session.isEnded) return "goes on";
  const { endError } = session;
  if (!isKronError(endError)) return `ended with ${String(endError)}`;
  const told = sent(session).at(-1);
  const isTold = told?.kind === FRAME_KIND.error && told.seq === 0 && told.body[0] === endError.code;
  const fault = endError.details?.fault;
  return `${endError.code}${typeof fault === "string" ? ` ${fault}` : ""}${isTold ? "" : ", and nobody was told"}`;
}

/** Time by hand. */
export interface HandClock {
  nowMs: number;
}

/** What a server's session is made of. */
export interface ServerRigOptions {
  readonly methods?: Readonly<Record<string, IpcMethod>>;
  readonly limits?: Partial<IpcLimits>;
  readonly port?: number;
  /** Where what concerns nobody else is kept. */
  readonly reports?: unknown[];
}

/** A session of a server, before anything has come. */
export function newServer(options: ServerRigOptions = {}): {
  session: ServerSession;
  time: HandClock;
  reports: unknown[];
} {
  const time = { nowMs: 1_000 };
  const { reports = [] } = options;
  const session = new ServerSession({
    limits: { ...defaultLimits, ...options.limits },
    now: () => time.nowMs,
    report: (error) => reports.push(error),
    token,
    identity: serverHello,
    methods: new Map(Object.entries(options.methods ?? {})),
    random: { bytes: () => serverNonce },
    port: options.port ?? 0,
    epoch,
    onAuthenticated: () => undefined,
  });
  return { session, time, reports };
}

/** The same, with the client let in. */
export function openServer(options: ServerRigOptions = {}): ReturnType<typeof newServer> {
  const rig = newServer(options);
  rig.session.feed(helloFrame());
  rig.session.feed(proofFrame("client"));
  const kinds = sent(rig.session).map(({ kind }) => kind);
  if (kinds.join() !== [FRAME_KIND.challenge, FRAME_KIND.proof, FRAME_KIND.welcome].join()) {
    throw new Error(`Expected to be let in, got ${kinds}`);
  }
  return rig;
}

/** A client's session, before the server has said anything. */
export function newClient(options: Partial<ClientSessionOptions> = {}): {
  session: ClientSession;
  time: HandClock;
  opened: ServerHello[];
} {
  const time = { nowMs: 1_000 };
  const opened: ServerHello[] = [];
  const session = new ClientSession({
    limits: defaultLimits,
    now: () => time.nowMs,
    report: (error) => {
      throw error;
    },
    token,
    hello,
    onOpen: (server) => opened.push(server),
    onEnd: () => undefined,
    ...options,
  });
  return { session, time, opened };
}

/** What a server that knows `key` answers to HELLO. */
export function greeting(key = token, body: readonly unknown[] = challengeBody(serverHello)): Uint8Array {
  const challenge = packCopy(body);
  const proof = proofOf(key, "server", packCopy(helloBody(hello)), challenge);
  return Buffer.concat([frame(FRAME_KIND.challenge, challenge), frame(FRAME_KIND.proof, [proof])]);
}

/** A client's session that has been let in. */
export function openClient(options: Partial<ClientSessionOptions> = {}): ReturnType<typeof newClient> {
  const rig = newClient(options);
  rig.session.feed(greeting());
  rig.session.feed(frame(FRAME_KIND.welcome, [4, 1_024, 256]));
  const kinds = sent(rig.session).map(({ kind }) => kind);
  if (kinds.join() !== [FRAME_KIND.hello, FRAME_KIND.proof].join()) throw new Error(`Unexpected frames: ${kinds}`);
  return rig;
}

/** The frame with its header changed, and the header's checksum made right again. */
export function resealed(bytes: Uint8Array, change: (header: DataView) => void): Uint8Array {
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(36, crc32(copy.subarray(0, 36)), true);
  return copy;
}
