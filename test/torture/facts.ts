/**
 * The lines that a tortured process writes to its parent, in the order in which it learns of them. Each is in the
 * pipe before anything else happens, so whatever was told before a kill had been acknowledged before it.
 */

import type { AttemptOutcome, MissedEvent, RunEvent, RunOutcome, TimerEvent, TimerState } from "../../src/index.ts";

/** What makes a timer due, as far as the recorder has a model of it. */
export type Rule =
  /** Due every `stepMs` on a grid; `isAligned`: to whole multiples of it, as a cron is, else from the creation on. */
  | { readonly kind: "grid"; readonly key: string; readonly stepMs: number; readonly isAligned: boolean }
  /** Due a while after each finish, or at each start: no two due times can be told from each other. */
  | { readonly kind: "free"; readonly key: string; readonly isReboot: boolean }
  | { readonly kind: "once"; readonly key: string };

/** A change that a process asks for. */
export type AskKind = "schedule" | "pause" | "resume" | "cancel" | "trigger" | "checkpoint";

/** What stands in every payload: it names the definition, and lets a later process register the same one again. */
export interface Mark {
  readonly mark: string;
  readonly rule: Rule;
  /** The options but for the payload. */
  readonly options: object;
  readonly fill: string;
}

/** A finished run, or occurrences that did not run, as the history shows it. */
export interface SurveyedRow {
  readonly outcome: RunOutcome;
  readonly runId: string | undefined;
  readonly isManual: boolean;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  readonly dueMs: number;
  readonly attempts: number;
  readonly failures: readonly (readonly [attempt: number, outcome: AttemptOutcome])[];
  /** The fencing token that the callback gave as part of its result, when the history kept it. */
  readonly token: number | undefined;
}

/** A timer as the runtime shows it. */
export interface SurveyedTimer {
  readonly id: string;
  readonly state: TimerState;
  readonly mark: string;
  readonly rule: Rule;
  readonly nextMs: number | undefined;
  readonly isJittered: boolean;
  /** Runs under way or waiting, those between two attempts left out. */
  readonly live: number;
  /** Oldest first. */
  readonly rows: readonly SurveyedRow[];
}

/** One line. */
export type Fact =
  | { readonly kind: "loaded" | "open" | "settled" | "checkpointing" | "closing" | "closed" }
  /** `isSyncedFirst`: nothing is acknowledged before it is synced. */
  | { readonly kind: "options"; readonly isSyncedFirst: boolean }
  /** The start was refused, or the runtime has failed. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "survey"; readonly timers: readonly SurveyedTimer[] }
  | { readonly kind: "run"; readonly event: Pick<RunEvent, "type" | "timerId" | "runId" | "attempt"> }
  | { readonly kind: "missed"; readonly event: MissedEvent }
  | { readonly kind: "timer"; readonly event: TimerEvent }
  /** A callback was called. */
  | {
      readonly kind: "began";
      readonly timerId: string;
      readonly runId: string;
      readonly attempt: number;
      readonly token: number;
      readonly isManual: boolean;
      readonly scheduledMs: number;
      readonly dueMs: number;
    }
  | {
      readonly kind: "asked";
      readonly ask: number;
      readonly what: AskKind;
      readonly id: string;
      readonly mark?: string;
      readonly rule?: Rule;
    }
  /** The promise of an ask was kept. `changed` false: it was so already. */
  | { readonly kind: "done"; readonly ask: number; readonly changed: boolean; readonly runId?: string }
  /** The promise was broken in a way that says that nothing was changed. */
  | { readonly kind: "refused"; readonly ask: number; readonly code: string }
  /** A disk that refuses or fails had its part in this life; `full`: it refused writes. */
  | { readonly kind: "disk"; readonly trouble: "full" | "sync" }
  /** What must not happen at all. */
  | { readonly kind: "trouble"; readonly message: string };
