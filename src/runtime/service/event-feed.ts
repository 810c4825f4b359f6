/**
 * `events`: what happens from now on, as items `{ kind: "event", name, event }`. A client that reads too slowly keeps a
 * bounded number of them waiting; what comes beyond that is dropped, counted, and told in its place as
 * `{ kind: "dropped", count }`. Parameters: `types`, a list of the names below, `timerId`, and `keep`: how many may wait, for
 * those who would rather have fresh ones than many.
 */

import type { KronError } from "../../core/errors.ts";
import { wellFormed } from "../../core/logged-error.ts";
import { readChoice } from "../../core/option-reader.ts";
import { checkPayload } from "../../core/payload.ts";
import type { IpcMethod, IpcStream } from "../../ipc/methods.ts";
import type { KronEvents, OutputEvent, ProgressEvent } from "../../supervisor/events.ts";
import type { EventName } from "../event-hub.ts";
import { type EventType, eventTypeNames, eventTypes, typeOfEvent } from "./event-types.ts";
import { readChoices, readCountOr, readName, readParams } from "./params.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { roughBytes } from "./wire-views.ts";

/** What a client of `events` is sent. */
export type FeedItem =
  | { readonly kind: "event"; readonly name: EventName; readonly type: EventType; readonly event: unknown }
  | { readonly kind: "dropped"; readonly count: number };

const itemsMax = 4_096;
const bytesMax = 1024 * 1024;
const fieldsBytesMax = 16 * 1024;

/** Makes the method. */
export function eventsMethod(runtime: ServedRuntime): IpcMethod {
  return {
    kind: "stream",
    open(params, stream) {
      const { types, timerId, keep } = readParams(params, "types", "timerId", "keep");
      const wanted =
        readChoices(types, "types", (one) => readChoice(one, "types", eventTypeNames)) ?? new Set(eventTypeNames);
      const id = timerId === undefined ? undefined : readName(timerId, "timerId");
      const waitingMax = readCountOr(keep, "keep", 1, itemsMax, itemsMax);
      // It may have gone while the code of this method was being loaded, and would never be heard of again.
      if (stream.signal.aborted) return;
      const feed = new EventFeed(stream, wanted, id, waitingMax);
      const names = new Set<EventName>([...wanted].map((type) => eventTypes[type]));
      const unsubscribe = runtime.events.subscribe(names, (name, event) => feed.take(name, event));
      stream.signal.addEventListener("abort", unsubscribe, { once: true });
    },
  };
}

/** The feed of one client. */
class EventFeed {
  readonly #stream: IpcStream;
  readonly #types: ReadonlySet<EventType>;
  readonly #timerId: string | undefined;
  readonly #waitingMax: number;
  readonly #waiting: FeedItem[] = [];
  #waitingBytes = 0;
  #dropped = 0;

  constructor(stream: IpcStream, types: ReadonlySet<EventType>, timerId: string | undefined, waitingMax: number) {
    this.#stream = stream;
    this.#waitingMax = waitingMax;
    this.#types = types;
    this.#timerId = timerId;
    stream.onCredit(() => this.#flush());
  }

  take(name: EventName, event: KronEvents[EventName][0]): void {
    const type = typeOfEvent(name, event);
    if (!this.#types.has(type)) return;
    if (this.#timerId !== undefined && (event as { timerId?: unknown }).timerId !== this.#timerId) return;
    if (this.#waiting.length >= this.#waitingMax || this.#waitingBytes >= bytesMax || this.#dropped > 0) {
      this.#dropped += 1;
      return;
    }
    const item: FeedItem = { kind: "event", name, type, event: carriable(name, event) };
    if (this.#waiting.length === 0 && this.#push(item)) return;
    this.#waiting.push(item);
    this.#waitingBytes += roughBytes(item);
  }

  #flush(): void {
    let sent = 0;
    for (const item of this.#waiting) {
      if (!this.#push(item)) break;
      this.#waitingBytes -= roughBytes(item);
      sent += 1;
    }
    this.#waiting.splice(0, sent);
    if (this.#waiting.length > 0) return;
    if (this.#dropped > 0 && this.#push({ kind: "dropped", count: this.#dropped })) this.#dropped = 0;
  }

  /** Whether it was sent, or cannot be. */
  #push(item: FeedItem): boolean {
    try {
      return this.#stream.push(item);
    } catch {
      // What cannot be carried is told as dropped, in its place or a little later.
      this.#dropped += 1;
      return true;
    }
  }
}

/** The event as plain data: what users hand to `log` and `progress` may be anything. */
function carriable(name: EventName, event: KronEvents[EventName][0]): unknown {
  switch (name) {
    case "log":
      return carriableLine(event as OutputEvent);
    case "progress": {
      const { note, ...progress } = event as ProgressEvent;
      return note === undefined ? progress : { ...progress, note: wellFormed(String(note)) };
    }
    case "writable":
      return { isWritable: event };
    case "error":
    case "warning": {
      const { code, message, hint } = event as KronError;
      return { code, message: wellFormed(message), hint: hint === undefined ? null : wellFormed(hint) };
    }
    default:
      return event;
  }
}

function carriableLine({ fields, message, ...line }: OutputEvent): object {
  const text = { ...line, message: wellFormed(String(message)) };
  if (fields === undefined) return text;
  try {
    checkPayload(fields, "fields", fieldsBytesMax);
    return { ...text, fields };
  } catch (error) {
    return { ...text, fieldsNote: error instanceof Error ? error.message : "The fields could not be read" };
  }
}
