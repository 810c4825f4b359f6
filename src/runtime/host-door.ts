/**
 * Where hosts of modules come in: a method of the socket that the runtime serves its directory on. It is there from the
 * start, and what is behind it is loaded with the first module that needs a host.
 */

import { KronError } from "../core/errors.ts";
import type { IpcMethod } from "../ipc/methods.ts";
import type { Link } from "../ports.ts";
import { attachMethod } from "./host-settings.ts";

/** What is behind the door. */
export interface HostReception {
  /** A process wants in; throws when it is not one of ours. */
  attach(params: unknown, link: Link): null;
  /** The hosts there are, as plain data. */
  hosts(): readonly object[];
}

/** The door of one runtime. */
export class HostDoor {
  readonly #served: Promise<boolean>;
  #decide: (isServed: boolean) => void = () => undefined;
  #reception: HostReception | undefined;

  constructor() {
    this.#served = new Promise((resolve) => {
      this.#decide = resolve;
    });
  }

  /** The methods for the socket. */
  methods(): [name: string, method: IpcMethod][] {
    return [[attachMethod, { kind: "link", open: (params, link) => this.#attach(params, link) }]];
  }

  /** The hosts there are, as plain data. */
  hosts(): readonly object[] {
    return this.#reception?.hosts() ?? [];
  }

  /** Whether the socket of the directory has the methods, once that is known: see `served`. */
  get isServed(): Promise<boolean> {
    return this.#served;
  }

  /** The directory is served, or will not be. */
  served(isServed: boolean): void {
    this.#decide(isServed);
  }

  /** From now on hosts are let in. */
  open(reception: HostReception): void {
    this.#reception = reception;
  }

  #attach(params: unknown, link: Link): null {
    if (this.#reception !== undefined) return this.#reception.attach(params, link);
    throw new KronError("KRON_UNAUTHORIZED", "Expected a host that this runtime has started, it has started none");
  }
}
