/** Keeps the model fed: connects, connects again, and asks the runtime for what is wanted, and for nothing else. */

import type { CancelWait, Clock } from "../ports.ts";
import { EventReader } from "./event-reader.ts";
import type { TuiEvent } from "./model/event.ts";
import type { Wants } from "./model/wants.ts";
import { Poll } from "./poll.ts";
import type { Action, EventsQuery, Source } from "./source.ts";

/** What a feeder needs. */
export interface FeederOptions {
  readonly clock: Clock;
  readonly connect: () => Promise<Source>;
  readonly dispatch: (event: TuiEvent) => void;
}

const retryMsMin = 100;
const retryMsMax = 1_000;
const stripsMs = 2_000;
const timelineMs = 5_000;
const refreshMs = 1_000;

/** A feeder. */
export class Feeder {
  readonly #options: FeederOptions;
  readonly #polls: {
    readonly timers: Poll<NonNullable<Wants["timers"]>>;
    readonly strips: Poll<readonly string[]>;
    readonly timeline: Poll<NonNullable<Wants["timeline"]>>;
    readonly runs: Poll<true>;
    readonly detail: Poll<string>;
  };
  #source: Source | undefined;
  #streams = new AbortController();
  #reader: EventReader | undefined;
  #readerKey = "";
  #wants: Wants = {};
  #cancelWait: CancelWait | undefined;
  #retryMs = retryMsMin;
  #isStopped = false;

  constructor(options: FeederOptions) {
    this.#options = options;
    const { clock, dispatch } = options;
    const poll = <Want>(everyMs: number, ask: (source: Source, want: Want, signal: AbortSignal) => Promise<number>) =>
      new Poll<Want>({ clock, everyMs, ask: (want, signal) => this.#ask((source) => ask(source, want, signal)) });
    this.#polls = {
      timers: poll(refreshMs, async (source, query, signal) => {
        const window = await source.timers(query, signal);
        dispatch({ kind: "timers", query, window });
        return window.walkMs;
      }),
      strips: poll(stripsMs, async (source, ids, signal) => {
        dispatch({ kind: "strips", ids, strips: await source.strips(ids, signal) });
        return 0;
      }),
      timeline: poll(timelineMs, async (source, { horizonMs, buckets }, signal) => {
        const timeline = await source.timeline(horizonMs, buckets, signal);
        dispatch({ kind: "timeline", timeline });
        return timeline.walkMs;
      }),
      runs: poll(refreshMs, async (source, _want, signal) => {
        dispatch({ kind: "runs", ...(await source.runs(signal)) });
        return 0;
      }),
      detail: poll(refreshMs, (source, id, signal) => this.#askDetail(source, id, signal)),
    };
  }

  /** Begins with a connection that is there. */
  start(source: Source): void {
    this.#connected(source);
  }

  /** From now on this is wanted. */
  want(wants: Wants): void {
    this.#wants = wants;
    if (this.#source === undefined) return;
    const { timers, strips, timeline, runs, detail } = this.#polls;
    timers.want(wants.timers);
    strips.want(wants.strips);
    timeline.want(wants.timeline);
    runs.want(wants.runs);
    detail.want(wants.detail);
    this.#wantEvents(wants.events);
  }

  /** Has something done, and tells how that went. */
  async act(action: Action): Promise<void> {
    const { dispatch } = this.#options;
    try {
      if (this.#source === undefined) throw new Error("There is no runtime to ask");
      dispatch({ kind: "done", text: await this.#source.act(action) });
    } catch (error) {
      dispatch({ kind: "failed", text: messageOf(error) });
    }
    for (const poll of [this.#polls.timers, this.#polls.runs, this.#polls.detail]) poll.hurry();
  }

  /** Ends everything; resolves when the connection is closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelWait?.();
    this.#drop();
    await this.#source?.close();
  }

  #connected(source: Source): void {
    const { dispatch } = this.#options;
    this.#source = source;
    this.#retryMs = retryMsMin;
    this.#streams = new AbortController();
    source.onClose((why) => this.#lost(source, why));
    void this.#readStats(source, this.#streams.signal);
    dispatch({ kind: "connected" });
    this.want(this.#wants);
  }

  #lost(source: Source, why: string): void {
    if (this.#source !== source) return;
    this.#source = undefined;
    this.#drop();
    if (this.#isStopped) return;
    this.#options.dispatch({ kind: "lost", why });
    this.#retryLater();
  }

  #drop(): void {
    this.#streams.abort();
    for (const poll of Object.values(this.#polls)) poll.stop();
    this.#wantEvents(undefined);
  }

  #retryLater(): void {
    this.#cancelWait = this.#options.clock.wakeAfter(this.#retryMs, () => void this.#retry());
    this.#retryMs = Math.min(retryMsMax, this.#retryMs * 2);
  }

  async #retry(): Promise<void> {
    try {
      const source = await this.#options.connect();
      if (this.#isStopped) await source.close();
      else this.#connected(source);
    } catch (error) {
      if (this.#isStopped) return;
      this.#options.dispatch({ kind: "lost", why: messageOf(error) });
      this.#retryLater();
    }
  }

  async #readStats(source: Source, signal: AbortSignal): Promise<void> {
    try {
      for await (const stats of source.stats(signal)) this.#options.dispatch({ kind: "stats", stats });
    } catch (error) {
      // A connection that is lost tells so itself.
      if (!signal.aborted && this.#source === source)
        this.#options.dispatch({ kind: "failed", text: messageOf(error) });
    }
  }

  /** What could not be had is told, unless it is not wanted any more. */
  async #ask(ask: (source: Source) => Promise<number>): Promise<number> {
    const source = this.#source;
    if (source === undefined) return 0;
    try {
      return await ask(source);
    } catch (error) {
      if (this.#source === source && !isTakenBack(error)) {
        this.#options.dispatch({ kind: "failed", text: messageOf(error) });
      }
      return 0;
    }
  }

  async #askDetail(source: Source, id: string, signal: AbortSignal): Promise<number> {
    const { dispatch } = this.#options;
    try {
      dispatch({ kind: "detail", id, facts: await source.detail(id, signal) });
    } catch (error) {
      if (this.#source === source && !isTakenBack(error)) dispatch({ kind: "noDetail", id, why: messageOf(error) });
    }
    return 0;
  }

  #wantEvents(query: EventsQuery | undefined): void {
    const key = query === undefined ? "" : JSON.stringify([query.timerId, query.types]);
    if (key === this.#readerKey) return;
    this.#readerKey = key;
    this.#reader?.stop();
    this.#reader = undefined;
    if (query === undefined || this.#source === undefined) return;
    const { clock, dispatch } = this.#options;
    const take = (items: Parameters<ConstructorParameters<typeof EventReader>[2]>[0]): void =>
      dispatch({ kind: "events", timerId: query.timerId, items });
    this.#reader = new EventReader(clock, (signal) => (this.#source as Source).events(query, signal), take);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isTakenBack(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "KRON_CANCELLED";
}
