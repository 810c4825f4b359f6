/**
 * The protocol: which frames there are, what their bodies hold, and the checks that a body from outside must pass.
 * Its document, with a hex example, is docs/ipc-protocol.md.
 *
 *     client                                   server
 *     HELLO  who I am, nonce        ──▶
 *                                   ◀──        CHALLENGE  who I am, nonce
 *                                   ◀──        PROOF      I know the token
 *     PROOF  so do I                ──▶
 *                                   ◀──        WELCOME    limits
 *     REQUEST  method, params       ──▶
 *                                   ◀──        RESPONSE or ERROR            a call
 *                                   ◀──        ITEMS … END or ERROR         a stream; CREDIT and CANCEL go up
 *                                   ◀──        RESPONSE, then MESSAGES both ways until CLOSE    a link
 *
 * The header of each frame: seq is the number of the request, 0 for the connection itself; term the session's epoch,
 * 0 before the challenge; stream the channel; flags, durable and prev are 0.
 */

import { KronError } from "../core/errors.ts";
import { FRAME_KIND } from "../journal/frame.ts";

/** The versions this code speaks. */
export const protocolMin = 1;
export const protocolMax = 1;
/** Bytes of a nonce, and of a proof. */
export const nonceBytes = 32;

/** What a request opens; stands in the header's stream field. */
export const CHANNEL = { call: 0, stream: 1, link: 2 } as const;

/** One of the channels. */
export type Channel = (typeof CHANNEL)[keyof typeof CHANNEL];

/** Who a client is. */
export interface ClientHello {
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly features: readonly string[];
  /** What it is, such as `cli` or `app`. */
  readonly name: string;
  /** The version of Kron it runs. */
  readonly version: string;
  readonly pid: number | undefined;
  /** The directory it expects, if it expects a certain one. */
  readonly uuid: string | undefined;
  /** The port it dialled, 0 for a unix socket; so that nobody can pass the handshake on to another endpoint. */
  readonly port: number;
  readonly nonce: Uint8Array;
}

/** Who a server is. */
export interface ServerHello {
  readonly protocol: number;
  readonly features: readonly string[];
  readonly uuid: string;
  readonly mode: string;
  readonly version: string;
  readonly pid: number;
  readonly nonce: Uint8Array;
}

/** What the server allows, as the client has to know it. */
export interface Welcome {
  readonly inFlightMax: number;
  readonly requestBytesMax: number;
  readonly windowMax: number;
}

/** A request, read. */
export interface Request {
  readonly method: string;
  /** Milliseconds from its arrival until nobody waits for the answer; 0 for ever. */
  readonly deadlineMs: number;
  readonly params: unknown;
  /** Of a stream: items the client is ready for. */
  readonly window: number;
}

const textBytesMax = 200;
const featuresMax = 64;
/** The longest deadline, in milliseconds: what a 32-bit timer can wait. */
export const deadlineMsMax = 2 ** 31 - 1;

/** An error that closes the connection: the other side broke the protocol. */
export function protocolError(message: string, details?: Readonly<Record<string, unknown>>): KronError {
  return new KronError("KRON_IPC_PROTOCOL", message, details === undefined ? {} : { details });
}

/** The body of HELLO. */
export function helloBody(hello: ClientHello): readonly unknown[] {
  const { features, name, version, pid, uuid, port, nonce } = hello;
  return [hello.protocolMin, hello.protocolMax, features, name, version, pid ?? null, uuid ?? null, port, nonce];
}

/** Reads the body of HELLO; fields behind the known ones belong to later versions. Throws `KRON_IPC_PROTOCOL`. */
export function readHello(body: readonly unknown[]): ClientHello {
  const [min, max, features, name, version, pid, uuid, port, nonce] = body;
  return {
    protocolMin: whole(min, 0, 0xffff, "the lowest version"),
    protocolMax: whole(max, 0, 0xffff, "the highest version"),
    features: names(features),
    name: text(name, "a name"),
    version: text(version, "a version of Kron"),
    pid: pid === null ? undefined : whole(pid, 0, 2 ** 53 - 1, "a process id"),
    uuid: uuid === null ? undefined : text(uuid, "a uuid"),
    port: whole(port, 0, 0xffff, "a port"),
    nonce: bytesOf(nonce, nonceBytes, "a nonce"),
  };
}

/** The body of CHALLENGE. */
export function challengeBody(hello: ServerHello): readonly unknown[] {
  const { protocol, features, uuid, mode, version, pid, nonce } = hello;
  return [protocol, features, uuid, mode, version, pid, nonce];
}

/** Reads the body of CHALLENGE, as `readHello` does. */
export function readChallenge(body: readonly unknown[]): ServerHello {
  const [protocol, features, uuid, mode, version, pid, nonce] = body;
  return {
    protocol: whole(protocol, 0, 0xffff, "a version"),
    features: names(features),
    uuid: text(uuid, "a uuid"),
    mode: text(mode, "a mode"),
    version: text(version, "a version of Kron"),
    pid: whole(pid, 0, 2 ** 53 - 1, "a process id"),
    nonce: bytesOf(nonce, nonceBytes, "a nonce"),
  };
}

/** Reads the body of PROOF. Throws `KRON_IPC_PROTOCOL`. */
export function readProof(body: readonly unknown[]): Uint8Array {
  fields(body, 1, "a proof");
  return bytesOf(body[0], nonceBytes, "a proof");
}

/** The body of WELCOME. */
export function welcomeBody(welcome: Welcome): readonly unknown[] {
  return [welcome.inFlightMax, welcome.requestBytesMax, welcome.windowMax];
}

/** Reads the body of WELCOME, as `readHello` does. */
export function readWelcome(body: readonly unknown[]): Welcome {
  return {
    inFlightMax: whole(body[0], 1, 0xffff_ffff, "a number of requests"),
    requestBytesMax: whole(body[1], 1, 0xffff_ffff, "a size of requests"),
    windowMax: whole(body[2], 1, 0xffff_ffff, "a window"),
  };
}

/** Reads the body of REQUEST; `channel` says whether it has a window. Throws `KRON_IPC_PROTOCOL`. */
export function readRequest(body: readonly unknown[], channel: Channel, windowMax: number): Request {
  fields(body, channel === CHANNEL.stream ? 4 : 3, "a request");
  return {
    method: text(body[0], "a method"),
    deadlineMs: whole(body[1], 0, deadlineMsMax, "a deadline"),
    params: body[2],
    window: channel === CHANNEL.stream ? whole(body[3], 1, windowMax, "a window") : 0,
  };
}

/** Reads the body of CREDIT. Throws `KRON_IPC_PROTOCOL`. */
export function readCredit(body: readonly unknown[], windowMax: number): number {
  fields(body, 1, "a credit");
  return whole(body[0], 1, windowMax, "a credit");
}

/** Reads the one field of RESPONSE. Throws `KRON_IPC_PROTOCOL`. */
export function readResponse(body: readonly unknown[]): unknown {
  fields(body, 1, "a response");
  return body[0];
}

/** Checks that each message is a tuple. Throws `KRON_IPC_PROTOCOL`. */
export function readMessages(body: readonly unknown[]): readonly (readonly unknown[])[] {
  for (const message of body) if (!Array.isArray(message)) throw protocolError("Expected messages to be tuples");
  return body as readonly (readonly unknown[])[];
}

/** The name of a kind of frame, for messages. */
export function kindName(kind: number): string {
  const found = Object.entries(FRAME_KIND).find(([, value]) => value === kind);
  return found === undefined ? `a frame of kind ${kind}` : found[0].toUpperCase();
}

/** Checks that a body has exactly `count` fields. Throws `KRON_IPC_PROTOCOL`. */
export function fields(body: readonly unknown[], count: number, what: string): void {
  if (body.length !== count) throw protocolError(`Expected ${what} of ${count} fields, got ${body.length}`);
}

function whole(value: unknown, min: number, max: number, what: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw protocolError(`Expected ${what} from ${min} to ${max}`);
}

function text(value: unknown, what: string): string {
  if (typeof value === "string" && value.length <= textBytesMax) return value;
  throw protocolError(`Expected ${what} of at most ${textBytesMax} characters`);
}

function names(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > featuresMax) throw protocolError(`Expected at most ${featuresMax} names`);
  return value.map((name) => text(name, "a feature"));
}

function bytesOf(value: unknown, count: number, what: string): Uint8Array {
  if (value instanceof Uint8Array && value.length === count) return value;
  throw protocolError(`Expected ${what} of ${count} bytes`);
}
