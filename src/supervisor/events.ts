/**
 * Events: what the log made true, in the words users know. They are made from records and outcomes after the
 * fact, so an event is never about something that could still be lost, and only when somebody listens.
 */

import type { Outcome } from "../core/applied.ts";
import type { KronError } from "../core/errors.ts";
import type { Ending } from "../core/outcome.ts";
import { copyPayload } from "../core/payload-copy.ts";
import { Kind, kindName, type LoggedDetails, type LoggedError, type LogRecord } from "../core/record.ts";
import { formatRunId, type Run } from "../core/run.ts";
import type { State } from "../core/state.ts";

/** An error as events and history show it. */
export interface ErrorInfo {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  /** Particulars such as `exitCode`, `signal`, `status` or the end of `stderr`; up to 2 KiB as msgpack. */
  readonly details?: LoggedDetails;
}

/** The names of run events, as they stand in history, CLI and docs. */
export type RunEventType =
  | "RUN_DUE"
  | "RUN_STARTED"
  | "RUN_SUCCEEDED"
  | "RUN_FAILED"
  | "RUN_TIMED_OUT"
  | "RUN_LOST"
  | "RUN_RETRYING"
  | "RUN_DEAD"
  | "RUN_CANCELLED";

/** Something happened to a run. Times are epoch milliseconds. */
export interface RunEvent {
  readonly type: RunEventType;
  readonly timerId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly atMs: number;
  readonly scheduledAtMs: number;
  readonly missedCount: number;
  /** With RUN_SUCCEEDED and the failures. */
  readonly durationMs?: number;
  readonly result?: unknown;
  readonly error?: ErrorInfo;
  /** How the attempt was ended by force, with the failures and RUN_CANCELLED; not there when it ended by itself. */
  readonly ending?: Ending;
  /** With RUN_RETRYING. */
  readonly retryAtMs?: number;
  /** With RUN_CANCELLED. */
  readonly reason?: string;
}

/** Occurrences that did not run: missed for `reason`, or skipped because a run was under way (`overlap`). */
export interface MissedEvent {
  readonly type: "RUN_MISSED" | "RUN_SKIPPED_OVERLAP";
  readonly timerId: string;
  readonly atMs: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly count: number;
  readonly reason: string;
}

/** A timer was created, updated, paused, resumed or cancelled. */
export interface TimerEvent {
  readonly type: "TIMER_CREATED" | "TIMER_UPDATED" | "TIMER_PAUSED" | "TIMER_RESUMED" | "TIMER_CANCELLED";
  readonly timerId: string;
  readonly atMs: number;
}

/** The wall clock moved against the monotonic one by `deltaMs`: it was set, or the machine slept. */
export interface ClockEvent {
  readonly atMs: number;
  readonly deltaMs: number;
}

/** A line a target wrote with `log`, or the progress it reported. */
export interface OutputEvent {
  readonly timerId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly atMs: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields?: object;
}

/** How far a target says it is, from 0 to 1. */
export interface ProgressEvent {
  readonly timerId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly atMs: number;
  readonly fraction: number;
  readonly note?: string;
}

/** A request to shut down; runs under way have `timeoutMs` to finish. */
export interface ShutdownEvent {
  readonly atMs: number;
  readonly timeoutMs: number;
}

/** All events of a runtime, by name, with what a listener is given. */
export interface KronEvents {
  run: [event: RunEvent];
  missed: [event: MissedEvent];
  timer: [event: TimerEvent];
  clock: [event: ClockEvent];
  log: [event: OutputEvent];
  progress: [event: ProgressEvent];
  /** Writing became impossible (`false`, the disk is full) or possible again. */
  writable: [isWritable: boolean];
  /** The runtime has failed and acknowledges nothing more. */
  error: [error: KronError];
  /** Something that the runtime goes on without, such as its socket for commands. */
  warning: [error: KronError];
  /** Somebody outside asked the runtime to shut down, and it begins to: time to close what is the application's own. */
  shutdown: [event: ShutdownEvent];
}

/** Is told of a record that was applied and what came of it; must not throw, and must be quick. */
export type RecordTap = (atMs: number, record: LogRecord, outcome: Outcome) => void;

/** Where events go; listeners are asked for first, so that events nobody wants cost nothing. */
export interface EventSink {
  /** For those who count: records as they are, of which nothing needs to be made. */
  readonly tap?: RecordTap | undefined;
  has(name: keyof KronEvents): boolean;
  emit<Name extends keyof KronEvents>(name: Name, ...args: KronEvents[Name]): void;
}

/** Tells the sink about one applied record. */
export function emitRecord(sink: EventSink, state: State, atMs: number, record: LogRecord, outcome: Outcome): void {
  sink.tap?.(atMs, record, outcome);
  if (outcome.kind === "run") {
    if (sink.has("run")) emitRun(sink, state, atMs, record, outcome);
    return;
  }
  if (record[0] === Kind.CLOCK_STEPPED && record[1] !== 0) sink.emit("clock", { atMs, deltaMs: record[1] });
  if (outcome.kind !== "timer") return;
  const isMissed = record[0] === Kind.RUN_MISSED || record[0] === Kind.RUN_SKIPPED_OVERLAP;
  if (!sink.has(isMissed ? "missed" : "timer")) return;
  const timerId = state.timers.idOf(outcome.slot) ?? "";
  switch (record[0]) {
    case Kind.RUN_MISSED:
    case Kind.RUN_SKIPPED_OVERLAP: {
      const type = record[0] === Kind.RUN_MISSED ? "RUN_MISSED" : "RUN_SKIPPED_OVERLAP";
      const reason = record[0] === Kind.RUN_MISSED ? record[6] : "overlap";
      const [, , firstAtMs, lastAtMs, count] = record;
      sink.emit("missed", { type, timerId, atMs, firstAtMs, lastAtMs, count, reason });
      break;
    }
    default:
      sink.emit("timer", { type: kindName(record[0]) as TimerEvent["type"], timerId, atMs });
  }
}

function emitRun(sink: EventSink, state: State, atMs: number, record: LogRecord, run: Run): void {
  const base = {
    timerId: state.timers.idOf(run.slot) ?? "",
    runId: formatRunId(run.id),
    attempt: run.attempt,
    atMs,
    scheduledAtMs: run.scheduledAtMs,
    missedCount: run.missedCount,
  };
  const emit = (type: RunEventType, more?: Partial<RunEvent>): void => sink.emit("run", { type, ...base, ...more });
  switch (record[0]) {
    case Kind.RUN_DUE:
    case Kind.RUN_TRIGGERED:
      emit("RUN_DUE", { attempt: 0 });
      if (run.attempt === 1) emit("RUN_STARTED");
      break;
    case Kind.RUN_STARTED:
      emit("RUN_STARTED");
      break;
    case Kind.RUN_SUCCEEDED:
      emit("RUN_SUCCEEDED", {
        durationMs: record[3] / 1_000,
        ...(record[5] !== null && { result: copyPayload(record[5]) }),
      });
      break;
    case Kind.RUN_FAILED:
    case Kind.RUN_TIMED_OUT:
    case Kind.RUN_LOST: {
      const error = errorInfo(record[6]);
      emit(kindName(record[0]) as RunEventType, { durationMs: record[3] / 1_000, error, ...endingOf(record[7]) });
      if (run.state === "retrying") emit("RUN_RETRYING", { attempt: run.attempt + 1, retryAtMs: run.retryAtMs });
      else emit("RUN_DEAD", { error });
      break;
    }
    case Kind.RUN_CANCELLED:
      emit("RUN_CANCELLED", { reason: record[2], ...endingOf(record[4]) });
      break;
    default:
  }
}

/** An error of the log in the shape users see. */
export function errorInfo(error: LoggedError): ErrorInfo {
  const [name, message, stack, code, details] = error;
  return {
    ...{ name, message },
    ...(stack !== null && { stack }),
    ...(code !== null && { code }),
    ...(details !== undefined && { details: copyPayload(details) as LoggedDetails }),
  };
}

function endingOf(ending: Ending | undefined): Pick<RunEvent, "ending"> {
  return ending === undefined ? {} : { ending };
}
