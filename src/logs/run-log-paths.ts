/**
 * Where logs of runs are: `logs/runs/<timer>/<run id>.log` in the data directory.
 *
 * Ids of timers may hold nearly anything, and names of folders may not; some file systems fold cases. So an id is its
 * folder's name only where that is safe everywhere. Otherwise the name is what is safe of the id, for people, then `~`,
 * which safe ids do not hold, and a hash of the whole of it.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";

const safePattern = /^[a-z0-9_][a-z0-9_.-]{0,79}$/;
// Names that Windows keeps for devices, with any extension.
const devicePattern = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/;
const filePattern = /^(run_[0-9a-z]{1,20})\.log$/;
const shownCharsMax = 40;
const hashCharsMax = 32;

/** The folder of all logs of runs. */
export function runLogsPath(dataDir: string): string {
  return join(dataDir, "logs", "runs");
}

/** The name of a timer's folder. */
export function timerFolder(timerId: string): string {
  if (safePattern.test(timerId) && !devicePattern.test(timerId) && !timerId.endsWith(".")) return timerId;
  const shown = timerId
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "_")
    .slice(0, shownCharsMax);
  const hash = createHash("sha256").update(timerId, "utf8").digest("hex").slice(0, hashCharsMax);
  return `${shown}~${hash}`;
}

/** The name of a run's file. */
export function runLogFile(runId: string): string {
  return `${runId}.log`;
}

/** The run whose log has this name; undefined for any other name. */
export function runOfFile(name: string): string | undefined {
  return filePattern.exec(name)?.[1];
}

/** The log of a run. */
export function runLogPath(dataDir: string, timerId: string, runId: string): string {
  return join(runLogsPath(dataDir), timerFolder(timerId), runLogFile(runId));
}
