/** Connects to an endpoint and proves both sides to each other; what comes out is a session that may ask. */

import { randomBytes } from "node:crypto";
import { realpathSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { isKronError, KronError } from "../core/errors.ts";
import type { Clock, Random } from "../ports.ts";
import { ClientSession } from "./client-session.ts";
import { Connection } from "./connection.ts";
import { findEndpoint, type IpcEndpoint } from "./endpoint.ts";
import { defaultLimits, type IpcLimits } from "./limits.ts";
import { isPrivateDirectory } from "./private-files.ts";
import { type ClientHello, nonceBytes, protocolMax, protocolMin, type ServerHello } from "./protocol.ts";
import { readToken } from "./token.ts";

/** What a client needs to connect. */
export interface DialOptions {
  readonly clock: Clock;
  /** Default: that of the system. */
  readonly random?: Random;
  /** What it is, such as `cli` or `app`. */
  readonly name: string;
  /** The version of Kron it runs. */
  readonly version?: string;
  readonly features?: readonly string[];
  /** How long connecting may take; default 5 s. */
  readonly deadlineMs?: number;
  /** The uuid of the directory, when a certain one is expected. */
  readonly uuid?: string;
  readonly limits?: Partial<IpcLimits>;
  /** Hears what concerns nobody else, such as a listener that threw; default: it is thrown in a turn of its own. */
  readonly report?: (error: unknown, what: string) => void;
  /** Whether the connection by itself keeps the process running; default true. */
  readonly keepAlive?: boolean;
}

/** Called when a session is over. */
export type EndListener = (error: KronError | undefined) => void;

/** A session that has been let in. */
export interface Dialled {
  readonly server: ServerHello;
  readonly session: ClientSession;
  /** Those who want to hear of its end. */
  readonly endListeners: EndListener[];
  /** Resolves when its socket is closed. */
  readonly gone: Promise<void>;
}

const connectMs = 5_000;
/** How long to wait before a busy endpoint is tried again. */
const busyMs = 20;

/** Connects to the server of `directory`; rejects as `IpcClient.connect` does. */
export async function dial(directory: string, options: DialOptions): Promise<Dialled> {
  const endpoint = isPrivateDirectory(directory) ? findEndpoint(realpathSync(directory)) : undefined;
  const token = endpoint === undefined ? undefined : readToken(directory);
  if (endpoint === undefined || token === undefined) throw unreachable(directory, "no process serves it");
  const deadlineMs = options.deadlineMs ?? connectMs;
  const { clock } = options;
  const dueMs = clock.monotonicMs() + deadlineMs;
  for (;;) {
    try {
      return await tryOnce(directory, endpoint, token, dueMs, options);
    } catch (error) {
      // The queue of a unix socket is full for a moment, as when many connect at once.
      if (!isBusy(error) || clock.monotonicMs() + busyMs >= dueMs) throw refusal(directory, error);
      await new Promise<void>((resolve) => {
        clock.wakeAfter(busyMs, resolve);
      });
    }
  }
}

async function tryOnce(
  directory: string,
  endpoint: IpcEndpoint,
  token: Uint8Array,
  dueMs: number,
  options: DialOptions,
): Promise<Dialled> {
  const { clock, deadlineMs = connectMs } = options;
  const dialling = open(endpoint, token, options);
  let cancel: () => void = () => undefined;
  const expired = new Promise<never>((_, reject) => {
    cancel = clock.wakeAfter(Math.max(0, dueMs - clock.monotonicMs()), () => {
      reject(unreachable(directory, `it did not answer within ${deadlineMs} ms`));
    });
  });
  try {
    return await Promise.race([dialling.opened, expired]);
  } catch (error) {
    dialling.destroy();
    throw error;
  } finally {
    cancel();
  }
}

interface Dialling {
  readonly opened: Promise<Dialled>;
  destroy(): void;
}

function open(endpoint: IpcEndpoint, token: Uint8Array, options: DialOptions): Dialling {
  const { clock } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const socket = socketTo(endpoint);
  if (options.keepAlive === false) socket.unref();
  const endListeners: EndListener[] = [];
  let onGone: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    onGone = resolve;
  });
  const opened = new Promise<Dialled>((resolve, reject) => {
    const session: ClientSession = new ClientSession({
      limits,
      now: () => clock.monotonicMs(),
      report: options.report ?? throwLater,
      token,
      hello: helloOf(endpoint, options),
      onOpen: (server) => resolve({ server, session, endListeners, gone }),
      onEnd: (error) => {
        reject(error ?? new KronError("KRON_DISCONNECTED", "The connection was closed"));
        for (const listener of endListeners.splice(0)) listener(error);
      },
    });
    new Connection(socket, session, { clock, closeMs: limits.closeMs, onGone });
  });
  return { opened, destroy: () => socket.destroy() };
}

function socketTo(endpoint: IpcEndpoint): Socket {
  if (endpoint.kind === "unix") return connect({ path: endpoint.path });
  return connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
}

function helloOf(endpoint: IpcEndpoint, options: DialOptions): ClientHello {
  const { name, version = "unknown", features = [], uuid, random } = options;
  return {
    protocolMin,
    protocolMax,
    features,
    name,
    version,
    pid: process.pid,
    uuid,
    port: endpoint.kind === "tcp" ? endpoint.port : 0,
    nonce: random === undefined ? new Uint8Array(randomBytes(nonceBytes)) : random.bytes(nonceBytes),
  };
}

/** A connection that was refused or lost before it was open says nothing about any request: nothing is reached. */
function refusal(directory: string, error: unknown): unknown {
  if (!isKronError(error, "KRON_DISCONNECTED")) return error;
  const code = systemCode(error);
  const why = typeof code === "string" ? `the connection failed (${code})` : "it hung up";
  return unreachable(directory, why, error);
}

function isBusy(error: unknown): boolean {
  return isKronError(error, "KRON_DISCONNECTED") && systemCode(error) === "EAGAIN";
}

function systemCode(error: KronError): unknown {
  return ((error.cause ?? {}) as { code?: unknown }).code;
}

function unreachable(directory: string, why: string, cause?: unknown): KronError {
  return new KronError("KRON_UNREACHABLE", `Expected a runtime to answer for ${directory}, but ${why}`, {
    cause,
    hint: "Start the application, or `kron runtime start`; or name another directory",
  });
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
