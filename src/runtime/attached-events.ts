/** Events of a runtime in another process: asked for while somebody listens, and handed on as they were at home. */

import { isKronErrorCode, KronError } from "../core/errors.ts";
import { isPlainObject, type RawOptions } from "../core/option-reader.ts";
import type { IpcClient } from "../ipc/client.ts";
import type { Logger } from "../ports.ts";
import type { KronEvents } from "../supervisor/events.ts";
import type { EventHub, EventName } from "./event-hub.ts";
import { type EventType, eventTypes } from "./service/event-types.ts";

/** What is made in this process, and not asked for: the end of a connection is told as a warning too. */
const ownNames: ReadonlySet<EventName> = new Set(["shutdown"]);

interface Subscription {
  readonly types: string;
  readonly stream: AsyncIterableIterator<unknown>;
}

/** The events that are listened to. */
export class AttachedEvents {
  readonly #hub: EventHub;
  readonly #logger: Logger;
  #client: IpcClient | undefined;
  #subscription: Subscription | undefined;

  constructor(hub: EventHub, logger: Logger) {
    this.#hub = hub;
    this.#logger = logger;
  }

  /** Asks this connection for them from now on. */
  connect(client: IpcClient): void {
    this.#client = client;
    this.update();
  }

  /** The connection is gone, and its streams with it. */
  disconnect(): void {
    this.#client = undefined;
    this.#subscription = undefined;
  }

  /** Listeners have come or gone. */
  update(): void {
    if (this.#client === undefined) return;
    const wanted = (Object.keys(eventTypes) as EventType[]).filter((type) => this.#isWanted(eventTypes[type]));
    const types = wanted.join();
    if (types === (this.#subscription?.types ?? "")) return;
    void this.#subscription?.stream.return?.();
    this.#subscription = undefined;
    if (wanted.length === 0) return;
    const stream = this.#client.stream("events", { types: wanted });
    this.#subscription = { types, stream };
    void this.#read(stream);
  }

  #isWanted(name: EventName): boolean {
    return !ownNames.has(name) && this.#hub.has(name);
  }

  async #read(stream: AsyncIterableIterator<unknown>): Promise<void> {
    try {
      for await (const item of stream) this.#take(item);
    } catch (error) {
      // The end of the connection is told otherwise.
      if (this.#subscription?.stream === stream) this.#logger.debug({ err: error }, "The feed of events has ended");
    }
  }

  #take(item: unknown): void {
    if (!isPlainObject(item)) return;
    const { kind, name, event, count } = item;
    if (kind === "dropped") this.#logger.warn({ count }, "Events were dropped, as they were not taken fast enough");
    if (kind !== "event" || typeof name !== "string" || !(name in names)) return;
    emit(this.#hub, name as EventName, event);
  }
}

const names = Object.fromEntries(Object.values(eventTypes).map((name) => [name, true]));

function emit(hub: EventHub, name: EventName, event: unknown): void {
  const value = isPlainObject(event) ? event : {};
  switch (name) {
    case "writable":
      hub.emit("writable", value.isWritable === true);
      break;
    case "error":
    case "warning":
      hub.emit(name, readError(value));
      break;
    default:
      // Made by the same code as at home, in a process of the same version.
      (hub.emit as (name: EventName, event: unknown) => void).call(hub, name, value as unknown as KronEvents["run"][0]);
  }
}

function readError({ code, message, hint }: RawOptions): KronError {
  const known = typeof code === "string" && isKronErrorCode(code) ? code : "KRON_INTERNAL";
  return new KronError(known, String(message), typeof hint === "string" ? { hint } : {});
}
