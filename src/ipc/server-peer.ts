/** A client as the methods of a server see it. */

import type { KronError } from "../core/errors.ts";
import type { IpcPeer } from "./methods.ts";
import type { ClientHello } from "./protocol.ts";
import type { Session } from "./session.ts";

/** An `IpcPeer` over a session. */
export class ServerPeer implements IpcPeer {
  readonly id: number;
  readonly name: string;
  readonly pid: number | undefined;
  readonly version: string;
  readonly #session: Session & { close(error?: KronError): void };
  readonly #listeners: ((error: KronError | undefined) => void)[] = [];
  #isClosed = false;

  constructor(id: number, hello: ClientHello, session: Session & { close(error?: KronError): void }) {
    this.id = id;
    this.name = hello.name;
    this.pid = hello.pid;
    this.version = hello.version;
    this.#session = session;
  }

  close(error?: KronError): void {
    this.#session.close(error);
  }

  onClose(listener: (error: KronError | undefined) => void): void {
    if (this.#isClosed) queueMicrotask(() => listener(this.#session.endError));
    else this.#listeners.push(listener);
  }

  /** The connection is gone. */
  closed(error: KronError | undefined): void {
    this.#isClosed = true;
    for (const listener of this.#listeners.splice(0)) {
      try {
        listener(error);
      } catch (thrown) {
        this.#session.report(thrown, "A listener of a connection's end failed");
      }
    }
  }
}
