/** What a server offers: methods by name, and what each is given when it is called. Types only. */

import type { KronError } from "../core/errors.ts";
import type { Link } from "../ports.ts";

/** One method. Parameters are whatever the client sent: plain data, to be checked by the method. */
export type IpcMethod =
  | {
      readonly kind: "unary";
      /** The answer, or a promise of it: plain data. What it throws is the answer too. */
      call(params: unknown, call: IpcCall): unknown;
    }
  | {
      readonly kind: "stream";
      /** Begins to push items; it may return before the last. What it throws ends the stream. */
      open(params: unknown, stream: IpcStream): void | Promise<void>;
    }
  | {
      readonly kind: "link";
      /** The reply to the opening; messages may go both ways from the start. */
      open(params: unknown, link: Link, peer: IpcPeer): unknown;
    };

/** One call of a method. */
export interface IpcCall {
  readonly peer: IpcPeer;
  /** Aborted with a `KronError` when the client took the call back, its deadline passed, or the connection is gone. */
  readonly signal: AbortSignal;
}

/** One stream, as its method sees it. */
export interface IpcStream {
  readonly peer: IpcPeer;
  /** Aborted as that of a call is; also when the stream has been ended here. */
  readonly signal: AbortSignal;
  /** Items that the client is ready for; 0 also while the connection has much to send, and when the stream is over. */
  readonly credit: number;
  /** Sends an item; false when there was no credit and it was not sent. Throws `KRON_PAYLOAD_INVALID`. */
  push(item: unknown): boolean;
  /** Calls back when there is credit again after `push` or `credit` said there was none: push until it is false. */
  onCredit(listener: () => void): void;
  /** Resolves when there is credit, or the stream is over. */
  ready(): Promise<void>;
  end(): void;
  fail(error: KronError): void;
}

/** The client at the other end of a connection. */
export interface IpcPeer {
  /** Tells one connection of this server from all others. */
  readonly id: number;
  /** What it says it is, such as `cli` or `app`. */
  readonly name: string;
  /** The process id that it says it has. */
  readonly pid: number | undefined;
  /** The version of Kron that it says it runs. */
  readonly version: string;
  /** Closes the connection, and says why when there is a reason. */
  close(error?: KronError): void;
  /** Called once when the connection is gone. */
  onClose(listener: (error: KronError | undefined) => void): void;
}
