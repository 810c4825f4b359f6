/** What the screen knows of a runtime, as it is given it. Texts are printable; times are epoch milliseconds. Types only. */

/** The state of a timer. */
export type TimerStateName =
  | "scheduled"
  | "running"
  | "retrying"
  | "waiting"
  | "paused"
  | "orphaned"
  | "completed"
  | "dead"
  | "cancelled";

/** The runtime, as it says of itself. */
export interface RuntimeFacts {
  readonly state: string;
  readonly mode: string;
  readonly dataDir: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAtMs: number;
  readonly timers: number;
  readonly running: number;
  readonly concurrency: number;
  readonly waiting: number;
  readonly due: number;
  readonly abandoned: number;
  readonly isWritable: boolean;
  readonly rssBytes: number;
  readonly lastIndex: number;
  /** Applications and hosts, as plain data. */
  readonly apps: readonly object[];
  readonly hosts: readonly object[];
}

/** The figures of one moment, see the stream `stats`. */
export interface StatsFacts {
  readonly atMs: number;
  readonly monotonicMs: number;
  readonly status: RuntimeFacts;
  readonly states: Readonly<Record<TimerStateName, number>>;
  /** Whether all timers have been counted. */
  readonly isWhole: boolean;
  readonly totals: {
    readonly started: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly dead: number;
    readonly cancelled: number;
    readonly missed: number;
    readonly skipped: number;
  };
  readonly lateness: { readonly count: number; readonly p50Ms: number | null; readonly p99Ms: number | null };
  readonly clock: {
    readonly count: number;
    readonly lastAtMs: number | null;
    readonly lastDeltaMs: number | null;
  };
  readonly liveRuns: number;
  readonly sizes: { readonly segments: number; readonly journalBytes: number; readonly snapshotBytes: number };
  readonly freeBytes: number | null;
}

/** One timer in a list. */
export interface TimerFacts {
  readonly id: string;
  readonly state: TimerStateName;
  readonly schedule: string;
  readonly target: string;
  readonly nextAtMs: number | undefined;
  readonly retryAtMs: number | undefined;
  readonly lastAtMs: number | undefined;
  readonly lastOutcome: string | undefined;
  readonly lastTookMs: number | undefined;
}

/** Where a timer stands in a list, as the runtime knows it. */
export type Place = readonly [key: number, id: string];

/** The order of a list of timers. */
export type TimerSort = "id" | "next" | "last" | "duration" | "state";

/** The part of a list of timers that is wanted. */
export interface TimersQuery {
  readonly sort: TimerSort;
  readonly descending: boolean;
  readonly match: string;
  readonly state: TimerStateName | undefined;
  readonly anchor: Place | "end" | undefined;
  readonly shift: number;
  readonly limit: number;
}

/** The part of a list that was asked for. */
export interface TimersWindow {
  readonly rows: readonly TimerFacts[];
  readonly places: readonly Place[];
  readonly position: number;
  readonly total: number;
  readonly walkMs: number;
}

/** What is due when. */
export interface TimelineFacts {
  readonly fromMs: number;
  readonly bucketMs: number;
  readonly counts: readonly number[];
  readonly overdue: number;
  readonly peaks: readonly { readonly atMs: number; readonly count: number; readonly ids: readonly string[] }[];
  readonly walkMs: number;
}

/** One finished occurrence in the history of a timer. */
export interface HistoryFacts {
  readonly outcome: string;
  readonly runId: string | undefined;
  readonly isManual: boolean;
  readonly scheduledAtMs: number;
  readonly finishedAtMs: number;
  readonly tookMs: number | undefined;
  readonly attempts: number;
  readonly count: number;
  /** Reason, result or error in one line. */
  readonly note: string;
  readonly failures: readonly {
    readonly attempt: number;
    readonly outcome: string;
    readonly tookMs: number;
    readonly error: string;
  }[];
}

/** All about one timer. */
export interface DetailFacts {
  readonly timer: TimerFacts;
  /** The definition, a name and a value to a line. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly nextRunsMs: readonly number[];
  readonly isFixedDelay: boolean;
  readonly history: readonly HistoryFacts[];
  readonly runs: readonly RunFacts[];
  readonly output: OutputFacts | undefined;
}

/** The end of what a run has printed. */
export interface OutputFacts {
  readonly runId: string;
  readonly lines: readonly string[];
}

/** A run that has not ended. */
export interface RunFacts {
  readonly runId: string;
  readonly timerId: string;
  readonly state: "waiting" | "running" | "retrying";
  readonly isManual: boolean;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly dueAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly retryAtMs: number | undefined;
  readonly target: string;
}

/** Something that happened, as a line. */
export interface EventFacts {
  /** `DROPPED`: so many were not told. */
  readonly type: string;
  readonly atMs: number | undefined;
  readonly timerId: string | undefined;
  readonly runId: string | undefined;
  readonly text: string;
  /** With PROGRESS: from 0 to 1. */
  readonly fraction?: number;
}
