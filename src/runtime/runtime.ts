/** What a `Kron` does its work through: an engine in this process, or a connection to the process that has one. */

import type { Callback } from "../runners/callback-context.ts";
import type { ChangeResult, Registration, ScheduleResult, TriggerResult } from "../supervisor/commands.ts";
import type { RetryResult, RunCancelResult } from "../supervisor/run-commands.ts";
import type { HistoryEntry, HistoryQuery, TimerView } from "../supervisor/views.ts";
import type { RunView } from "./service/run-view.ts";

/** The numbers of a runtime at a glance, as `kron.runtime()` shows them. */
export interface RuntimeFigures {
  readonly timers: number;
  readonly running: number;
  readonly concurrency: number;
  readonly waiting: number;
  readonly due: number;
  readonly abandoned: number;
  readonly isWritable: boolean;
}

/** A runtime that has been started. What each method gives and rejects with stands at its counterpart in `Kron`. */
export interface Runtime {
  /** It acknowledges nothing more, as the disk could not be synced. */
  readonly isFailed: boolean;
  /** Schedules a timer; with a callback where that is its target. */
  schedule(registration: Registration, callback: Callback | undefined): Promise<ScheduleResult>;
  cancel(id: string, abort: boolean): Promise<ChangeResult>;
  pause(id: string): Promise<ChangeResult>;
  resume(id: string): Promise<ChangeResult>;
  /** `payload` has been checked and copied; undefined for that of the timer. */
  trigger(id: string, payload: unknown, payloadBytes: number): Promise<TriggerResult>;
  cancelRun(runId: string): Promise<RunCancelResult>;
  retry(id: string): Promise<RetryResult>;
  /** Runs that have not ended, of one timer or of all. */
  runs(id: string | undefined): Promise<RunView[]>;
  status(id: string): Promise<TimerView | undefined>;
  list(): Promise<TimerView[]>;
  history(id: string, query: HistoryQuery): Promise<HistoryEntry[]>;
  nextRuns(id: string, count: number): Promise<number[]>;
  checkpoint(): Promise<void>;
  figures(): Promise<RuntimeFigures>;
  /** Everything that was scheduled before the start is durable: the start is over when this resolves. */
  ready(): Promise<void>;
  /** Listeners of events have come or gone. */
  noteListeners(): void;
  /** As `kron.shutdown()`. */
  close(timeoutMs: number): Promise<void>;
  /** Gives everything back without waiting for runs, as the start did not succeed. */
  closeNow(): Promise<void>;
}
