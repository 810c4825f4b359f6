/**
 * Where a runtime's events go: to its owner, and to whoever is listening for a while, such as clients on the socket.
 * What nobody wants is never made.
 */

import { assert } from "../core/assert.ts";
import type { EventSink, KronEvents, RecordTap } from "../supervisor/events.ts";

/** The name of an event. */
export type EventName = keyof KronEvents;

/** Is told of an event; must not throw. */
export type EventListener = <Name extends EventName>(name: Name, event: KronEvents[Name][0]) => void;

interface Subscription {
  readonly names: ReadonlySet<EventName>;
  readonly listener: EventListener;
}

/** Hands events on. */
export class EventHub implements EventSink {
  readonly #owner: EventSink;
  readonly #subscriptions = new Set<Subscription>();
  /** Of those who count records; undefined when nobody does, which costs nothing. */
  tap: RecordTap | undefined;

  constructor(owner: EventSink) {
    this.#owner = owner;
  }

  has(name: EventName): boolean {
    if (this.#owner.has(name)) return true;
    for (const { names } of this.#subscriptions) if (names.has(name)) return true;
    return false;
  }

  emit<Name extends EventName>(name: Name, ...args: KronEvents[Name]): void {
    for (const { names, listener } of this.#subscriptions) if (names.has(name)) listener(name, args[0]);
    this.#owner.emit(name, ...args);
  }

  /** Has `listener` told of events of these names from now on; returns how to end that. */
  subscribe(names: ReadonlySet<EventName>, listener: EventListener): () => void {
    const subscription = { names, listener };
    this.#subscriptions.add(subscription);
    return () => {
      this.#subscriptions.delete(subscription);
    };
  }

  /** Has `tap` told of every record that is applied from now on, before any event; returns how to end that. */
  tapRecords(tap: RecordTap): () => void {
    assert(this.tap === undefined, "one at a time counts records");
    this.tap = tap;
    return () => {
      this.tap = undefined;
    };
  }
}
