/** The errors of attempts whose module cannot be used, or whose thread is gone. */

import { KronError } from "../core/errors.ts";
import { toLoggedError } from "../core/logged-error.ts";

/** The attempt ended with the runtime. */
export function stopped(): KronError {
  return new KronError("KRON_STOPPED", "The runtime was shut down before the attempt ended");
}

/** A module that cannot be used. The hint stands in the message too, as history keeps no hints. */
export function unusable(message: string, hint: string | undefined, cause?: unknown): KronError {
  const text = hint === undefined ? message : `${message} (${hint})`;
  const options = cause === undefined ? {} : { cause };
  return new KronError("KRON_MODULE_UNUSABLE", text, hint === undefined ? options : { ...options, hint });
}

/** Its file is not there. */
export function missing(path: string, baseDir: string): KronError {
  return unusable(`Expected a module at ${path}, there is no such file`, `Relative paths begin at ${baseDir}`);
}

/** It was not loaded in time. */
export function loadTimeout(path: string, timeoutMs: number): KronError {
  return unusable(
    `Loading ${path} took longer than ${timeoutMs} ms`,
    "Its top level must end: look for an await that never settles, or an endless loop",
  );
}

/** Its thread ended while it was being loaded. */
export function diedLoading(path: string, error: unknown, exitCode: number | undefined): KronError {
  const why = exitCode === undefined ? toLoggedError(error)[1] : `it called process.exit(${exitCode})`;
  return unusable(`Loading ${path} ended its thread: ${why}`, undefined, error);
}

/** The thread ended under an attempt. */
export function threadLost(error: unknown, exitCode: number | undefined): KronError {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new KronError("KRON_RUNNER_LOST", "The thread ran out of memory: ERR_WORKER_OUT_OF_MEMORY", {
      hint: "Raise resourceLimits.maxOldGenerationSizeMb, or keep less in memory at a time",
      cause: error,
    });
  }
  if (exitCode !== undefined) {
    return new KronError("KRON_RUNNER_LOST", `The attempt ended its thread by process.exit(${exitCode})`, {
      hint: "Return from the function instead, or throw an error",
    });
  }
  const why = error === undefined ? "for no known reason" : toLoggedError(error)[1];
  return new KronError("KRON_RUNNER_LOST", `The thread ended under the attempt: ${why}`, { cause: error });
}

/** The attempt had ended, but how is not known: its thread ended before it could tell. */
export function endLost(): KronError {
  return new KronError("KRON_RUNNER_LOST", "The thread ended before it could tell how the attempt had ended");
}
