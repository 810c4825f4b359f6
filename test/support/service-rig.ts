/** The service of a runtime over an engine rig, called without a socket: what goes in and out is packed all the same. */

import type { KronError } from "../../src/core/errors.ts";
import { defaultRetention } from "../../src/core/retention.ts";
import type { IpcCall, IpcMethod, IpcPeer, IpcStream } from "../../src/ipc/methods.ts";
import { packCopy, unpackValue } from "../../src/journal/codec.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { EventHub } from "../../src/runtime/event-hub.ts";
import { HostDoor } from "../../src/runtime/host-door.ts";
import type { ServedRuntime } from "../../src/runtime/service/served-runtime.ts";
import { serviceMethods } from "../../src/runtime/service/service.ts";
import { HistoryReader } from "../../src/snapshot/history-reader.ts";
import { systemClock } from "../../src/system.ts";
import { EngineRig, type RigOptions } from "./engine-rig.ts";

const peer: IpcPeer = {
  ...{ id: 1, name: "test", pid: undefined, version: "0" },
  close: () => undefined,
  onClose: () => undefined,
};

/** A stream whose reader is the test: it gives credit and looks at what has come. */
export class FakeStream implements IpcStream {
  readonly peer = peer;
  readonly items: unknown[] = [];
  credit: number;
  end: () => void;
  error: KronError | undefined;
  isOver = false;
  readonly #controller = new AbortController();
  readonly #listeners: (() => void)[] = [];
  #waiters: (() => void)[] = [];

  constructor(credit: number) {
    this.credit = credit;
    this.end = () => this.#finish();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  push(item: unknown): boolean {
    if (this.credit === 0 || this.isOver) return false;
    this.credit -= 1;
    this.items.push(overTheWire(item));
    return true;
  }

  onCredit(listener: () => void): void {
    this.#listeners.push(listener);
  }

  ready(): Promise<void> {
    if (this.credit > 0 || this.isOver) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  fail(error: KronError): void {
    this.error = error;
    this.#finish();
  }

  /** The client is ready for more. */
  grant(count: number): void {
    this.credit += count;
    for (const resolve of this.#waiters.splice(0)) resolve();
    for (const listener of this.#listeners) listener();
  }

  /** The client has gone. */
  cancel(): void {
    this.#finish();
  }

  #finish(): void {
    this.isOver = true;
    this.#controller.abort();
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

/** A served engine rig. */
export class ServiceRig {
  readonly rig: EngineRig;
  readonly methods: Map<string, IpcMethod>;
  readonly shutdowns: number[] = [];
  readonly runtime: ServedRuntime;

  constructor(options: RigOptions & { readonly dataDir?: string } = {}) {
    const events = new EventHub({ has: () => false, emit: () => undefined });
    const rig = new EngineRig({ ...options, events });
    const retention = { ...defaultRetention, count: 100_000 };
    this.rig = rig;
    this.runtime = {
      ...{
        dataDir: options.dataDir ?? "/nowhere",
        uuid: "00",
        mode: "embedded",
        startedAtMs: rig.clock.nowMs(),
        events,
      },
      ...{ engine: rig.engine, commands: rig.commands, disk: nodeDisk, realClock: systemClock() },
      history: new HistoryReader(rig.engine.data, undefined, retention, rig.clock),
      snapshots: { snapshotIndex: 0, compact: () => Promise.resolve() },
      phase: () => "running",
      isOrphaned: (slot) => rig.engine.scheduler.isOrphaned(slot),
      schedule: (registration) => rig.commands.schedule(registration, () => undefined),
      shutdown: (timeoutMs) => this.shutdowns.push(timeoutMs),
      apps: () => [],
      hosts: () => [],
      hostDoor: new HostDoor(),
    };
    this.methods = serviceMethods(this.runtime);
  }

  /** Calls a method and gives its answer as the client would get it; virtual time settles meanwhile. */
  async call(
    name: string,
    params: unknown = null,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<unknown> {
    const method = this.methods.get(name);
    if (method?.kind !== "unary") throw new Error(`Expected a method ${name}`);
    const call: IpcCall = { peer, signal };
    const answer = await this.rig.settle((async () => method.call(overTheWire(params), call))());
    return overTheWire(answer);
  }

  /** Opens a stream. */
  open(name: string, params: unknown = null, credit = 1_000): FakeStream {
    const method = this.methods.get(name);
    if (method?.kind !== "stream") throw new Error(`Expected a stream ${name}`);
    const stream = new FakeStream(credit);
    Promise.resolve()
      .then(() => method.open(overTheWire(params), stream))
      .catch((error: KronError) => stream.fail(error));
    return stream;
  }

  /** All items of a stream that ends by itself. Rejects with what it failed with. */
  async collect(name: string, params: unknown = null): Promise<unknown[]> {
    const stream = this.open(name, params);
    while (!stream.isOver) await new Promise((resolve) => setImmediate(resolve));
    if (stream.error !== undefined) throw stream.error;
    return stream.items;
  }
}

/**
 * `value` as it arrives at the other side, in the array that answers and items travel in; throws what packing throws,
 * which refuses what the other side would.
 */
function overTheWire(value: unknown): unknown {
  const bytes = packCopy([value]);
  const [arrived] = unpackValue(bytes, 0, bytes.length) as readonly unknown[];
  return arrived;
}
