/** `run.log`: what a run has printed, in pieces of bytes, and with `follow` what it prints until it is over. */

import { describe } from "../../core/describe.ts";
import { KronError } from "../../core/errors.ts";
import { readFlag } from "../../core/option-reader.ts";
import { formatRunId, parseRunId } from "../../core/run.ts";
import type { IpcMethod, IpcStream } from "../../ipc/methods.ts";
import { runLogPath } from "../../logs/run-log-paths.ts";
import { followRunLog, readRunLog } from "../../logs/run-log-reader.ts";
import { readName, readParams } from "./params.ts";
import type { ServedRuntime } from "./served-runtime.ts";

/** Makes the method. Parameters: `timerId`, `runId`, and `follow` (default false). The bytes are those of the file. */
export function runLogMethod(runtime: ServedRuntime): IpcMethod {
  return {
    kind: "stream",
    async open(params, stream) {
      const { timerId, runId, follow } = readParams(params, "timerId", "runId", "follow");
      const id = readName(timerId, "timerId");
      const run = readRunId(runId);
      const path = runLogPath(runtime.dataDir, id, formatRunId(run));
      const isFollowing = follow === undefined ? false : readFlag(follow, "follow");
      // What an attempt prints is in the file before its end is on record.
      const isOver = (): boolean => stream.signal.aborted || runtime.engine.data.runs.get(run) === undefined;
      const pieces = isFollowing ? followRunLog(path, { clock: runtime.realClock, isOver }) : readRunLog(path);
      if (await sendAll(pieces, stream)) stream.end();
    },
  };
}

function readRunId(value: unknown): number {
  const name = readName(value, "runId");
  const run = parseRunId(name);
  if (run !== undefined) return run;
  throw new KronError("KRON_RUN_NOT_FOUND", `Expected an id such as ${formatRunId(1)}, got ${describe(name)}`);
}

/** Whether the client took all of it. */
async function sendAll(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, stream: IpcStream): Promise<boolean> {
  for await (const piece of pieces) {
    await stream.ready();
    if (stream.signal.aborted) return false;
    stream.push(piece);
  }
  return !stream.signal.aborted;
}
