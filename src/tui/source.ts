/** Where the screen gets what it shows, and whom it asks to do something. Types only. */

import type {
  DetailFacts,
  EventFacts,
  RunFacts,
  StatsFacts,
  TimelineFacts,
  TimersQuery,
  TimersWindow,
} from "./facts.ts";

/** What users can have done. */
export type Action =
  | { readonly kind: "trigger" | "pause" | "resume" | "cancelTimer" | "retry"; readonly timerId: string }
  | { readonly kind: "cancelRun"; readonly runId: string }
  | { readonly kind: "compact" | "reload" };

/** Which events are wanted. */
export interface EventsQuery {
  readonly timerId: string | undefined;
  /** All when there is no list. */
  readonly types: readonly string[] | undefined;
}

/** A connection to a runtime. Everything rejects when it is lost. */
export interface Source {
  stats(signal: AbortSignal): AsyncIterable<StatsFacts>;
  events(query: EventsQuery, signal: AbortSignal): AsyncIterable<EventFacts>;
  timers(query: TimersQuery, signal: AbortSignal): Promise<TimersWindow>;
  strips(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  timeline(horizonMs: number, buckets: number, signal: AbortSignal): Promise<TimelineFacts>;
  detail(timerId: string, signal: AbortSignal): Promise<DetailFacts>;
  /** The first of them, and whether there are more. */
  runs(signal: AbortSignal): Promise<{ readonly runs: readonly RunFacts[]; readonly isPart: boolean }>;
  /** Does it, and says in a line what was done. Rejects with why it was not. */
  act(action: Action): Promise<string>;
  /** Called once when the connection is gone. */
  onClose(listener: (why: string) => void): void;
  close(): Promise<void>;
}
