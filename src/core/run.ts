/** A run while it lives: from the moment its occurrence became due until its one outcome. */

import type { AttemptOutcome, Ending } from "./outcome.ts";
import type { LoggedError } from "./record.ts";

/** Where a live run is. `waiting` for its first attempt, `running` one, or `retrying`: waiting for the next. */
export type RunState = "waiting" | "running" | "retrying" | "finished";

/** How an earlier attempt of a run ended. Times in milliseconds since 1970, duration in microseconds. */
export interface AttemptRecord {
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly endedAtMs: number;
  readonly tookUs: number;
  readonly error: LoggedError;
  /** How it was ended by force; null when it ended by itself. */
  readonly ending: Ending | null;
}

/**
 * Failed attempts that a run remembers, however many it makes: how it began and how it went on. The attempts' own
 * numbers tell what is left out.
 */
export const failuresMax = 20;
/** Of these, so many are the first. */
export const firstFailuresKept = 4;

/** The carrying out of one occurrence. Changed by `apply` alone. */
export interface Run {
  readonly kind: "run";
  /** The sequence number of the record that made it; unique and growing for the life of the log. */
  readonly id: number;
  /** The timer's slot and reference. */
  readonly slot: number;
  readonly timer: number;
  /** Asked for by hand rather than by the schedule. */
  readonly isManual: boolean;
  readonly scheduledAtMs: number;
  /** When the log recorded it as due. */
  readonly dueAtMs: number;
  readonly missedCount: number;
  /** A payload of its own, given with a manual trigger; null means the timer's. */
  readonly payload: unknown;
  state: RunState;
  /** The number of the current or latest attempt; 0 while it waits for the first. */
  attempt: number;
  /** The fencing token of the current attempt: the sequence number of the record that started it. */
  token: number;
  startedAtMs: number;
  /** When the next attempt is due, while `retrying`. */
  retryAtMs: number;
  /** Attempts that ended badly so far, the first 4 and the last 16 of them, or null; allocated with the first. */
  failures: AttemptRecord[] | null;
}

/** `run_` and the id in base 36, ten digits, so that names sort as the log does. */
export function formatRunId(id: number): string {
  return `run_${id.toString(36).padStart(10, "0")}`;
}

/** The number that `formatRunId` printed, or undefined for what it never prints. */
export function parseRunId(text: string): number | undefined {
  if (!/^run_[0-9a-z]{1,12}$/.test(text)) return undefined;
  const id = Number.parseInt(text.slice(4), 36);
  return Number.isSafeInteger(id) && formatRunId(id) === text ? id : undefined;
}
