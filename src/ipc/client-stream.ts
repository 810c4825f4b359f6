/** A stream as its reader sees it: an iterator that asks for more as items are taken. */

import type { KronError } from "../core/errors.ts";
import type { StreamExchange } from "./client-exchange.ts";
import { CHANNEL, protocolError } from "./protocol.ts";

/** What a stream needs of its client. */
export interface StreamSource {
  grant(seq: number, count: number): void;
  giveUp(exchange: StreamExchange): void;
}

/** What a stream is opened with. */
export interface StreamRequest {
  readonly method: string;
  readonly params: unknown;
  readonly window: number;
}

interface Reader {
  readonly resolve: (result: IteratorResult<unknown>) => void;
  readonly reject: (error: KronError) => void;
}

const done: IteratorResult<unknown> = { done: true, value: undefined };

/** Items of a stream, in order; at most `window` of them wait here. */
export class ClientStream implements AsyncIterableIterator<unknown>, StreamExchange {
  readonly channel = CHANNEL.stream;
  readonly method: string;
  readonly params: unknown;
  readonly window: number;
  readonly deadlineMs = 0;
  deadlineAtMs = Number.POSITIVE_INFINITY;
  seq = 0;
  readonly #source: StreamSource;
  readonly #onOver: () => void;
  #items: unknown[] = [];
  #from = 0;
  #readers: Reader[] = [];
  #credit: number;
  /** Taken since credit was given last. */
  #taken = 0;
  #end: "open" | "ended" | { readonly error: KronError } = "open";

  constructor(source: StreamSource, { method, params, window }: StreamRequest, onOver: () => void) {
    this.#source = source;
    this.#onOver = onOver;
    this.method = method;
    this.params = params;
    this.window = window;
    this.#credit = window;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#from < this.#items.length) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#end === "open") return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    if (this.#end === "ended") return Promise.resolve(done);
    const { error } = this.#end;
    // An iterator that has failed is over.
    this.#end = "ended";
    return Promise.reject(error);
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#items = [];
    this.#from = 0;
    if (this.#end === "open") {
      this.#source.giveUp(this);
      this.ended();
    }
    this.#end = "ended";
    return Promise.resolve(done);
  }

  /** The reader no longer wants it, for this reason. */
  cancel(error: KronError): void {
    if (this.#end !== "open") return;
    this.#source.giveUp(this);
    this.failed(error);
  }

  items(items: readonly unknown[]): void {
    this.#credit -= items.length;
    if (this.#credit < 0) throw protocolError("Expected no more items than there was credit for", { fault: "credit" });
    for (const item of items) {
      const reader = this.#readers.shift();
      if (reader === undefined) this.#items.push(item);
      else {
        this.#count();
        reader.resolve({ done: false, value: item });
      }
    }
  }

  ended(): void {
    if (this.#end !== "open") return;
    this.#end = "ended";
    this.#onOver();
    for (const { resolve } of this.#readers.splice(0)) resolve(done);
  }

  failed(error: KronError): void {
    if (this.#end !== "open") return;
    this.#onOver();
    const [first, ...others] = this.#readers.splice(0);
    this.#end = first === undefined ? { error } : "ended";
    first?.reject(error);
    for (const { resolve } of others) resolve(done);
  }

  answered(): boolean {
    throw protocolError("Expected items of a stream, got an answer");
  }

  #take(): unknown {
    const item = this.#items[this.#from];
    this.#from += 1;
    if (this.#from === this.#items.length) {
      this.#items = [];
      this.#from = 0;
    }
    this.#count();
    return item;
  }

  /** Credit is given back by the half window, so that one frame does for many items. */
  #count(): void {
    this.#taken += 1;
    if (this.#taken * 2 < this.window || this.#end !== "open") return;
    this.#source.grant(this.seq, this.#taken);
    this.#credit += this.#taken;
    this.#taken = 0;
  }
}
