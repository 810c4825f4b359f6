/**
 * Records: everything that can change the state, as the tuples that stand in the log.
 *
 * A record is `[kind, ...fields]`; an entry is `[atMs, ...records]`, one atomic group with the leader's
 * wall-clock stamp. Kinds are numbers for ever: a kind is never reused and its fields only grow at the end.
 * Timers are named by reference (see `timer-table.ts`), runs by id, both numbers. A time of 0 means "none".
 *
 * A field with a question mark is not there at all when there is nothing to say.
 *
 * One record can make two events: a RUN_DUE that starts at once is also the RUN_STARTED of attempt 1, and a
 * failure says in the same breath whether the run is retried or dead. That halves what a run costs on disk.
 */

import type { Ending } from "./outcome.ts";

/** Particulars of an error: plain data, see `detailsBytesMax`. */
export type LoggedDetails = Readonly<Record<string, unknown>>;

/** An error as the log keeps it: name, message, stack, code, the last two null when there is none; details if any. */
export type LoggedError = readonly [
  name: string,
  message: string,
  stack: string | null,
  code: string | null,
  details?: LoggedDetails,
];

/** Kind numbers of all records. */
export const Kind = {
  RUNTIME_STARTED: 1,
  RUNTIME_STOPPED: 2,
  CLOCK_STEPPED: 3,
  TIMER_CREATED: 10,
  TIMER_UPDATED: 11,
  TIMER_PAUSED: 12,
  TIMER_RESUMED: 13,
  TIMER_CANCELLED: 14,
  RUN_DUE: 20,
  RUN_TRIGGERED: 21,
  RUN_STARTED: 22,
  RUN_SUCCEEDED: 23,
  RUN_FAILED: 24,
  RUN_TIMED_OUT: 25,
  RUN_LOST: 26,
  RUN_CANCELLED: 27,
  RUN_MISSED: 28,
  RUN_SKIPPED_OVERLAP: 29,
} as const;

/** The name of a record kind, as users see it. */
export type KindName = keyof typeof Kind;

/** Why a run was cancelled, as users see it. */
export type CancelReason = "requested" | "replaced" | "timer-cancelled";

/** Why occurrences were missed: none of them ran, and this is the account of it. */
export type MissReason = "late" | "orphaned" | "cancelled" | "updated";

/** A runtime took the log over; `boot` tells one process from the next. */
export type RuntimeStarted = readonly [kind: typeof Kind.RUNTIME_STARTED, boot: string];
/** A runtime gave the log back in good order. */
export type RuntimeStopped = readonly [kind: typeof Kind.RUNTIME_STOPPED];
/** The wall clock moved `deltaMs` against the monotonic one: set, stepped, or the machine slept. */
export type ClockStepped = readonly [kind: typeof Kind.CLOCK_STEPPED, deltaMs: number];
/** `definition` is its number when the state already holds it, else its encoded shape. */
export type TimerCreated = readonly [
  kind: typeof Kind.TIMER_CREATED,
  id: string,
  definition: unknown,
  anchorMs: number,
  nextAtMs: number,
  payload: unknown,
];
/** As `TimerCreated`, for a timer that exists; `nextAtMs` -1 keeps anchor, next due time and status. */
export type TimerUpdated = readonly [
  kind: typeof Kind.TIMER_UPDATED,
  timer: number,
  definition: unknown,
  anchorMs: number,
  nextAtMs: number,
  payload: unknown,
];
/** The timer makes no runs of its own until it is resumed. */
export type TimerPaused = readonly [kind: typeof Kind.TIMER_PAUSED, timer: number];
/** The timer goes on; its misfire policy judges what passed in between. */
export type TimerResumed = readonly [kind: typeof Kind.TIMER_RESUMED, timer: number];
/** The timer makes no runs any more. */
export type TimerCancelled = readonly [kind: typeof Kind.TIMER_CANCELLED, timer: number];
/** An occurrence became a run. `nextAtMs` 0: the finish decides. `start` 1: attempt 1 begins now. */
export type RunDue = readonly [
  kind: typeof Kind.RUN_DUE,
  timer: number,
  scheduledAtMs: number,
  nextAtMs: number,
  missedCount: number,
  start: 0 | 1,
];
/** A run asked for by hand; it consumes no occurrence. `payload` null: the timer's own. */
export type RunTriggered = readonly [kind: typeof Kind.RUN_TRIGGERED, timer: number, start: 0 | 1, payload: unknown];
/** A waiting or retrying run begins the attempt of this number. */
export type RunStarted = readonly [kind: typeof Kind.RUN_STARTED, run: number, attempt: number];
/** `tookUs`: microseconds the attempt took. `nextAtMs`: the fixed delay's next due time, else 0. */
export type RunSucceeded = readonly [
  kind: typeof Kind.RUN_SUCCEEDED,
  run: number,
  token: number,
  tookUs: number,
  nextAtMs: number,
  result: unknown,
  resultNote: string | null,
];
/**
 * An attempt ended badly; `retryAtMs` 0: the run is dead. `ending`: how it was ended by force. The same shape serves all
 * three kinds.
 */
export type RunFailed = readonly [
  kind: typeof Kind.RUN_FAILED | typeof Kind.RUN_TIMED_OUT | typeof Kind.RUN_LOST,
  run: number,
  token: number,
  tookUs: number,
  retryAtMs: number,
  nextAtMs: number,
  error: LoggedError,
  ending?: Ending,
];
/** A run was ended before its time. `nextAtMs` as with `RunSucceeded`, `ending` as with `RunFailed`. */
export type RunCancelled = readonly [
  kind: typeof Kind.RUN_CANCELLED,
  run: number,
  reason: CancelReason,
  nextAtMs: number,
  ending?: Ending,
];
/** `count` occurrences from `firstAtMs` to `lastAtMs` did not run; the next one is `nextAtMs`. */
export type RunMissed = readonly [
  kind: typeof Kind.RUN_MISSED,
  timer: number,
  firstAtMs: number,
  lastAtMs: number,
  count: number,
  nextAtMs: number,
  reason: MissReason,
];
/** As `RunMissed`, because a run of the same timer was under way. */
export type RunSkippedOverlap = readonly [
  kind: typeof Kind.RUN_SKIPPED_OVERLAP,
  timer: number,
  firstAtMs: number,
  lastAtMs: number,
  count: number,
  nextAtMs: number,
];

/** Any change there is. */
export type LogRecord =
  | RuntimeStarted
  | RuntimeStopped
  | ClockStepped
  | TimerCreated
  | TimerUpdated
  | TimerPaused
  | TimerResumed
  | TimerCancelled
  | RunDue
  | RunTriggered
  | RunStarted
  | RunSucceeded
  | RunFailed
  | RunCancelled
  | RunMissed
  | RunSkippedOverlap;

/** One atomic group of changes: the leader's wall-clock stamp, then the records in order. */
export type Entry = readonly [atMs: number, ...records: LogRecord[]];

const kindNames = new Map<number, KindName>(
  (Object.keys(Kind) as KindName[]).map((name) => [Kind[name], name] as const),
);

/** The name of a kind number, or undefined for a number that is no kind. */
export function kindName(kind: number): KindName | undefined {
  return kindNames.get(kind);
}
