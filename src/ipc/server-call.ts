/** A call under way on the server: what its method sees of it, and how it ends, once. */

import type { KronError } from "../core/errors.ts";
import type { IpcCall, IpcPeer } from "./methods.ts";

/** One call. The abort signal is made only when the method asks for it: most never do. */
export class ServerCall implements IpcCall {
  readonly peer: IpcPeer;
  readonly deadlineAtMs: number;
  #controller: AbortController | undefined;
  #reason: KronError | undefined;

  constructor(peer: IpcPeer, deadlineAtMs: number) {
    this.peer = peer;
    this.deadlineAtMs = deadlineAtMs;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Aborts the signal. */
  abort(reason: KronError): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }
}
