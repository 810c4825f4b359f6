/**
 * Kron: reliable application time for Node.js. `kron` is exported below.
 *
 *     await kron.schedule("report", { cron: "0 9 * * MON-FRI", timezone: "Europe/Rome" }, async ({ signal }) => {
 *       await sendReport({ signal });
 *     });
 *     await kron.start();
 */

import { Kron } from "./kron.ts";

export { type DeclaredTimerOptions, defineConfig, type KronConfig, type RuntimeOptions } from "./config.ts";
export type { Cron, DayMatch, DstPolicy } from "./core/cron.ts";
export type { MisfirePolicy, OverlapPolicy, ScheduleSpec, TimerDefinition } from "./core/definition.ts";
export { isKronError, KronError, type KronErrorCode } from "./core/errors.ts";
export type { HistoryOptions } from "./core/history-options.ts";
export type { HistoryPolicy } from "./core/history-policy.ts";
export type { HttpOptions } from "./core/http-options.ts";
export type { LogOptions } from "./core/log-options.ts";
export type {
  DurationInput,
  InstantInput,
  JitterOptions,
  MisfireOptions,
  RetryOptions,
  ScheduleOptions,
} from "./core/options.ts";
export type { AttemptOutcome, Ending, RunOutcome } from "./core/outcome.ts";
export type { RetryPolicy } from "./core/retry.ts";
export type { CallbackTarget, CommandTarget, HttpTarget, Isolation, ModuleTarget, TargetSpec } from "./core/target.ts";
export type { TargetOptions } from "./core/target-options.ts";
export {
  type Callback,
  Kron,
  type RunContext,
  type RunLog,
  type RuntimeView,
  type ShutdownOptions,
  type StartOptions,
} from "./kron.ts";
export type { CheckpointOptions, KronOptions } from "./kron-options.ts";
export type { Clock, Logger } from "./ports.ts";
export type { RunView } from "./runtime/service/run-view.ts";
export type { ChangeResult, ScheduleResult, TriggerResult } from "./supervisor/commands.ts";
export type {
  ClockEvent,
  ErrorInfo,
  KronEvents,
  MissedEvent,
  OutputEvent,
  ProgressEvent,
  RunEvent,
  RunEventType,
  ShutdownEvent,
  TimerEvent,
} from "./supervisor/events.ts";
export type { RetryResult, RunCancelResult } from "./supervisor/run-commands.ts";
export type { AttemptView, HistoryEntry, HistoryQuery, TimerState, TimerView } from "./supervisor/views.ts";

/** A runtime of this process, for applications that need only one. Nothing is opened before `start`. */
export const kron: Kron = new Kron();
