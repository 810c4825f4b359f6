/**
 * The state: everything the log says, and nothing else. `apply` is the only code that changes it, so that
 * equal logs give equal states on every node and after every restart.
 */

import { Changes } from "./changes.ts";
import { DefinitionTable } from "./definition-table.ts";
import { History, type HistoryLimits } from "./history.ts";
import { RunTable } from "./run-table.ts";
import { TimerTable } from "./timer-table.ts";

/** Limits that are part of how the log is read: every node of a cluster must use the same. */
export interface StateLimits {
  /** Finished one-shots and cancelled timers remembered; the oldest is forgotten beyond that. */
  readonly retiredMax: number;
  /** Timers held at a time, of whatever status; default and maximum 2^24. */
  readonly timersMax?: number;
  readonly history?: Partial<HistoryLimits>;
}

/** Ten thousand retired timers, and the default history. */
export const defaultStateLimits: StateLimits = { retiredMax: 10_000 };

/** The replicated state, as of `appliedIndex`. */
export class State {
  readonly limits: StateLimits;
  readonly definitions = new DefinitionTable();
  readonly timers: TimerTable;
  /** Live runs by id. */
  readonly runs = new RunTable();
  /** Finished occurrences that no checkpoint has written yet. */
  readonly history: History;
  /** What a checkpoint has to write. */
  readonly changes = new Changes();
  /**
   * Slots of timers that will not run again by themselves and have no live run, with the number of the record
   * that made it so. A map keeps the order of insertion, which is the order of the log, so every node forgets
   * the same timer first.
   */
  readonly retired = new Map<number, number>();
  appliedIndex = 0;
  appliedTerm = 0;
  /** Records applied so far; the next record gets this plus one as its sequence number. */
  recordCount = 0;
  /** Attempts under way, over all timers. */
  runningCount = 0;
  /** The stamp of the latest entry. */
  atMs = 0;
  /** Which runtime wrote last, and whether it closed in good order. */
  boot = "";
  isRunning = false;

  constructor(limits: StateLimits = defaultStateLimits) {
    this.limits = limits;
    this.timers = new TimerTable(limits.timersMax === undefined ? {} : { timersMax: limits.timersMax });
    this.history = new History(limits.history);
  }
}
