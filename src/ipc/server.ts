/**
 * Serves methods to the clients of a data directory. Made by the process that holds the directory's lock, and closed
 * before it gives the lock back.
 */

import { realpathSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { KronError } from "../core/errors.ts";
import { FRAME_KIND } from "../journal/frame.ts";
import type { Clock, Logger, Random } from "../ports.ts";
import { Connection } from "./connection.ts";
import type { IpcEndpoint } from "./endpoint.ts";
import { FrameWriter } from "./frame-writer.ts";
import { defaultLimits, type IpcLimits } from "./limits.ts";
import { forgetEndpoint, listenFor } from "./listen.ts";
import type { IpcMethod } from "./methods.ts";
import { isPrivateDirectory } from "./private-files.ts";
import { ServerSession } from "./server-session.ts";
import { ensureToken } from "./token.ts";
import { errorBody } from "./wire-error.ts";

export type { IpcCall, IpcMethod, IpcPeer, IpcStream } from "./methods.ts";

/** What a server needs. */
export interface IpcServerOptions {
  /** Looked at when a request comes, so it may still be filled after `listen`. */
  readonly methods: ReadonlyMap<string, IpcMethod>;
  readonly identity: {
    readonly uuid: string;
    readonly mode: string;
    readonly version: string;
    readonly features?: readonly string[];
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits?: Partial<IpcLimits>;
  /** Whether the server by itself keeps the process running; default true. */
  readonly keepAlive?: boolean;
}

interface Client {
  readonly session: ServerSession;
  readonly connection: Connection;
}

/** A server of one directory. */
export class IpcServer {
  readonly endpoint: IpcEndpoint;
  readonly #directory: string;
  readonly #server: Server;
  readonly #options: IpcServerOptions;
  readonly #limits: IpcLimits;
  readonly #token: Uint8Array;
  readonly #clients = new Set<Client>();
  /** Connections too many, which are told so. */
  readonly #turnedAway = new Set<Socket>();
  #unauthenticated = 0;
  #epoch: number;
  #closing: Promise<void> | undefined;
  #whenEmpty: () => void = () => undefined;

  private constructor(
    directory: string,
    server: Server,
    endpoint: IpcEndpoint,
    token: Uint8Array,
    options: IpcServerOptions,
  ) {
    this.#directory = directory;
    this.#server = server;
    this.endpoint = endpoint;
    this.#token = token;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    const start = options.random.bytes(4);
    this.#epoch = new DataView(start.buffer, start.byteOffset, 4).getUint32(0);
    server.on("connection", (socket) => this.#accept(socket));
    server.on("error", (error) => options.logger.error({ error }, "The socket for commands failed"));
    if (options.keepAlive === false) server.unref();
  }

  /**
   * Listens for the clients of `directory`, which must be private and whose lock the caller must hold. Throws
   * `KRON_DIR_UNUSABLE`, `KRON_TOKEN_INVALID`, or `KRON_IPC_ENDPOINT` when something stands in the socket's place.
   */
  static async listen(directory: string, options: IpcServerOptions): Promise<IpcServer> {
    if (!isPrivateDirectory(directory)) {
      throw new KronError("KRON_DIR_UNUSABLE", `Expected a private directory at ${directory}: nothing is there`);
    }
    const token = ensureToken(directory, options.random);
    const server = createServer({ noDelay: true });
    try {
      const path = realpathSync(directory);
      const endpoint = await listenFor(path, server, options.clock);
      return new IpcServer(path, server, endpoint, token, options);
    } catch (error) {
      server.close();
      throw error;
    }
  }

  /** Connections at this moment, those that have not proved themselves included. */
  get connectionCount(): number {
    return this.#clients.size;
  }

  /** Takes no more connections, tells the clients, and resolves when all are gone; within the limit `closeMs` or so. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#server.close();
    forgetEndpoint(this.#directory, this.endpoint);
    const gone = new KronError("KRON_STOPPED", "The runtime is shutting down");
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const { session } of this.#clients) session.close(gone);
    for (const socket of this.#turnedAway) socket.destroy();
    if (this.#clients.size === 0) return;
    // A client that takes nothing keeps its connection open; twice the time it has, and it is cut off.
    const cancel = this.#options.clock.wakeAfter(this.#limits.closeMs * 2, () => {
      for (const { connection } of this.#clients) connection.destroy();
    });
    await empty;
    cancel();
  }

  #accept(socket: Socket): void {
    const limits = this.#limits;
    const why =
      this.#closing !== undefined
        ? new KronError("KRON_STOPPED", "The runtime is shutting down")
        : this.#clients.size >= limits.connectionsMax
          ? new KronError("KRON_IPC_OVERLOADED", `Expected at most ${limits.connectionsMax} connections`)
          : this.#unauthenticated >= limits.unauthenticatedMax
            ? new KronError("KRON_IPC_OVERLOADED", `Expected at most ${limits.unauthenticatedMax} to wait at the door`)
            : undefined;
    if (why === undefined) this.#welcome(socket);
    else this.#turnAway(socket, why);
  }

  #welcome(socket: Socket): void {
    const { identity, methods, random, clock, logger } = this.#options;
    if (this.#options.keepAlive === false) socket.unref();
    this.#epoch = (this.#epoch + 1) >>> 0 || 1;
    let isNew = true;
    const known = (): void => {
      if (isNew) this.#unauthenticated -= 1;
      isNew = false;
    };
    this.#unauthenticated += 1;
    const session = new ServerSession({
      limits: this.#limits,
      now: () => clock.monotonicMs(),
      report: (error, what) => logger.error({ error }, what),
      token: this.#token,
      identity: { features: [], ...identity, pid: process.pid },
      methods,
      random,
      port: this.endpoint.kind === "tcp" ? this.endpoint.port : 0,
      epoch: this.#epoch,
      onAuthenticated: known,
    });
    const onGone = (): void => {
      known();
      this.#clients.delete(client);
      const { endError } = session;
      if (endError !== undefined) logger.debug({ error: endError }, "A connection of the socket for commands ended");
      if (this.#clients.size === 0) this.#whenEmpty();
    };
    const connection = new Connection(socket, session, { clock, closeMs: this.#limits.closeMs, onGone });
    const client: Client = { session, connection };
    this.#clients.add(client);
  }

  /** Says why, and hangs up once the client has, or has had the time to read it; with too many of those, at once. */
  #turnAway(socket: Socket, why: KronError): void {
    socket.on("error", () => {
      // Whoever is turned away may be gone already, and that is fine.
    });
    const writer = new FrameWriter();
    writer.frame(FRAME_KIND.error, 0, 0, errorBody(why), this.#limits.handshakeBytesMax);
    const bytes = writer.take();
    const isCrowded = this.#turnedAway.size >= this.#limits.unauthenticatedMax;
    if (bytes === undefined || isCrowded) {
      socket.destroy();
      return;
    }
    this.#turnedAway.add(socket);
    const cancel = this.#options.clock.wakeAfter(this.#limits.closeMs, () => socket.destroy(), false);
    socket.on("close", () => {
      cancel();
      this.#turnedAway.delete(socket);
    });
    // What it sends is read and dropped: closing with unread bytes would lose what it is told.
    socket.resume();
    socket.end(bytes);
  }
}
