/** A client of the runtime that holds a data directory: the command line, an app under a supervisor, a host of runs. */

import type { Clock, Link } from "../ports.ts";
import { type CallExchange, cancelledBy, type LinkExchange } from "./client-exchange.ts";
import type { ClientSession } from "./client-session.ts";
import { ClientStream } from "./client-stream.ts";
import { type Dialled, type DialOptions, dial, type EndListener } from "./dial.ts";
import { CHANNEL, deadlineMsMax, type ServerHello } from "./protocol.ts";

/** What a client needs. */
export type IpcClientOptions = DialOptions;

/** How a call may end early. */
export interface CallOptions {
  /** Default 30 s; 0 for no deadline. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** How a stream is read. */
export interface StreamOptions {
  /** The most items that may wait to be read; default 256. */
  readonly window?: number;
  readonly signal?: AbortSignal;
}

/** A link and what the server replied when it was opened. */
export interface OpenedLink {
  readonly link: Link;
  readonly reply: unknown;
}

type Ending = "channel" | "answered" | "failed";

/** The server, as it said of itself. */
export type IpcServerInfo = Pick<ServerHello, "uuid" | "mode" | "version" | "pid" | "features">;

const callMs = 30_000;
const windowDefault = 256;
const never = Number.POSITIVE_INFINITY;

/** One connection to the server of a directory. */
export class IpcClient {
  readonly server: IpcServerInfo;
  readonly #session: ClientSession;
  readonly #dialled: Dialled;
  readonly #clock: Clock;

  private constructor(dialled: Dialled, clock: Clock) {
    const { uuid, mode, version, pid, features } = dialled.server;
    this.server = { uuid, mode, version, pid, features };
    this.#session = dialled.session;
    this.#dialled = dialled;
    this.#clock = clock;
  }

  /**
   * Connects to the server of `directory`. Rejects with `KRON_UNREACHABLE` when nothing listens or answers,
   * `KRON_UNAUTHORIZED` when it does not know the token, `KRON_IPC_VERSION`, `KRON_IPC_FOREIGN`, `KRON_TOKEN_INVALID`,
   * `KRON_DIR_UNUSABLE`, `KRON_IPC_ENDPOINT`, or with what the server said when it refused.
   */
  static async connect(directory: string, options: IpcClientOptions): Promise<IpcClient> {
    return new IpcClient(await dial(directory, options), options.clock);
  }

  /** Bytes queued and not yet taken by the socket. */
  get queuedBytes(): number {
    return this.#session.queuedBytes;
  }

  /**
   * Calls a method and gives its answer. Rejects with the method's own `KronError`; with `KRON_DEADLINE`,
   * `KRON_CANCELLED`; with `KRON_DISCONNECTED` when the connection is lost first; with `KRON_PAYLOAD_INVALID` when
   * the parameters cannot be carried.
   */
  call(method: string, params: unknown = null, options: CallOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const answered = (value: unknown): boolean => {
        resolve(value);
        return true;
      };
      const exchange = { channel: CHANNEL.call, ...this.#request(method, params, options), answered, failed: reject };
      this.#begin(exchange, options.signal);
    });
  }

  /**
   * Opens a stream of items. The iterator rejects once with what ended it, if it was an error; `return()`, and so
   * leaving a `for await` loop, takes the request back.
   */
  stream(method: string, params: unknown = null, options: StreamOptions = {}): AsyncIterableIterator<unknown> {
    const { window = windowDefault, signal } = options;
    const { requests } = this.#session;
    let forget: () => void = () => undefined;
    const stream = new ClientStream(requests, { method, params, window }, () => forget());
    if (signal !== undefined) {
      const cancel = (): void => stream.cancel(cancelledBy(signal));
      forget = () => signal.removeEventListener("abort", cancel);
      if (signal.aborted) {
        cancel();
        return stream;
      }
      signal.addEventListener("abort", cancel, { once: true });
    }
    requests.begin(stream);
    return stream;
  }

  /** Opens a link: resolves with the server's reply; messages may come at once. Rejects as `call` does. */
  link(method: string, params: unknown = null, options: CallOptions = {}): Promise<OpenedLink> {
    return new Promise((resolve, reject) => {
      const exchange: LinkExchange = {
        channel: CHANNEL.link,
        ...this.#request(method, params, options),
        link: undefined,
        answered: (reply) => {
          // From here on it lasts for as long as both sides like.
          exchange.deadlineAtMs = never;
          if (exchange.link !== undefined) resolve({ link: exchange.link, reply });
          return false;
        },
        failed: reject,
      };
      this.#begin(exchange, options.signal);
    });
  }

  /** Called once when the connection is gone; `undefined` when it was closed in order. */
  onClose(listener: EndListener): void {
    if (this.#session.isEnded) queueMicrotask(() => listener(this.#session.endError));
    else this.#dialled.endListeners.push(listener);
  }

  /** Closes the connection; whoever waits for an answer gets `KRON_DISCONNECTED`. Resolves when the socket is closed. */
  close(): Promise<void> {
    this.#session.close();
    return this.#dialled.gone;
  }

  #request(method: string, params: unknown, { deadlineMs = callMs }: CallOptions): Omit<CallExchange, Ending> {
    const ms = deadlineMs === 0 ? 0 : Math.min(deadlineMsMax, Math.max(1, Math.ceil(deadlineMs)));
    const deadlineAtMs = ms === 0 ? never : this.#clock.monotonicMs() + ms;
    return { method, params, window: 0, deadlineMs: ms, deadlineAtMs, seq: 0 };
  }

  #begin(exchange: CallExchange | LinkExchange, signal: AbortSignal | undefined): void {
    const { requests } = this.#session;
    if (signal === undefined) requests.begin(exchange);
    else if (signal.aborted) exchange.failed(cancelledBy(signal));
    else requests.begin(cancellable(exchange, signal, () => requests.giveUp(exchange)));
  }
}

/** Has `signal` fail `exchange` until it has been answered or has failed by itself. */
function cancellable<T extends CallExchange | LinkExchange>(exchange: T, signal: AbortSignal, giveUp: () => void): T {
  const { answered, failed } = exchange;
  const cancel = (): void => {
    giveUp();
    failed(cancelledBy(signal));
  };
  const forget = (): void => signal.removeEventListener("abort", cancel);
  signal.addEventListener("abort", cancel, { once: true });
  exchange.answered = (value) => {
    forget();
    return answered(value);
  };
  exchange.failed = (error) => {
    forget();
    failed(error);
  };
  return exchange;
}
