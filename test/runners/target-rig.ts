/** Runners of targets over real processes and sockets, with a log directory of their own. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTarget } from "../../src/core/target-options.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, Logger, OutputFiles, TargetRunner } from "../../src/ports.ts";
import { CommandRunner } from "../../src/runners/command.ts";
import { Reaper } from "../../src/runners/reaper.ts";
import { systemClock, systemRandom } from "../../src/system.ts";

/** A directory, what was logged, and where output goes. */
export interface TargetRig {
  readonly directory: string;
  readonly warnings: string[];
  readonly logger: Logger;
  readonly output: OutputFiles;
  /** Variables of the runtime besides those of this process. */
  readonly variables: Record<string, string>;
  /** The output of the run, Kron's own lines left out; undefined when there is no file. */
  printed(runId?: string): string | undefined;
  dispose(): void;
}

/** An attempt under way, and its end. */
export interface Started {
  readonly handle: AttemptHandle;
  readonly end: Promise<AttemptEnd>;
}

/** The mark at the start of a line of Kron's own is a control character. */
const ownLines = /\n?\p{Cc}\{"[^\n]*\}\n/gu;

/** A rig; `bytesMax` is the limit of each log. */
export function targetRig(bytesMax = 1024 * 1024): TargetRig {
  const directory = mkdtempSync(join(tmpdir(), "kron-run-"));
  const warnings: string[] = [];
  const silent = (): void => undefined;
  const pathOf = (runId: string) => join(directory, "logs", "runs", "t", `${runId}.log`);
  return {
    ...{ directory, warnings, variables: {} },
    logger: { debug: silent, info: silent, error: silent, warn: (_fields, message) => warnings.push(message) },
    output: { fileOf: (_timerId, runId) => ({ path: pathOf(runId), bytesMax }) },
    printed(runId = "run_1") {
      try {
        return readFileSync(pathOf(runId), "utf8").replace(ownLines, "");
      } catch {
        return undefined;
      }
    },
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A runner of commands, and its reaper, which is to be closed. */
export function commandRunner(rig: TargetRig): { readonly runner: CommandRunner; readonly reaper: Reaper } {
  const clock = systemClock();
  const reaper = new Reaper({ clock, random: systemRandom(), logger: rig.logger, graceMs: 200 });
  const runner = new CommandRunner({
    ...{ clock, reaper, logger: rig.logger, output: rig.output, baseDir: rig.directory },
    environment: () => ({ ...process.env, ...rig.variables }),
  });
  return { runner, reaper };
}

/** An order for a target given as the options of a timer. */
export function orderOf(options: object, more: Partial<AttemptOrder> = {}): AttemptOrder {
  return {
    ...{ slot: 0, timerId: "t", runId: "run_1", attempt: 1, maxAttempts: 3, isManual: false },
    ...{ scheduledAtMs: 1_774_746_000_000, dueAtMs: 1_774_746_000_001, startedAtMs: 1_774_746_000_002 },
    ...{
      timeoutMs: 0,
      missedCount: 0,
      payload: undefined,
      idempotencyKey: "t:2026-03-29T01:00:00.000Z",
      fencingToken: 7,
    },
    target: readTarget({ ...options }),
    ...more,
  };
}

/** Begins an attempt. */
export function start(runner: TargetRunner, order: AttemptOrder): Started {
  let settle: (end: AttemptEnd) => void = () => undefined;
  const end = new Promise<AttemptEnd>((resolve) => {
    settle = resolve;
  });
  let count = 0;
  const handle = runner.start(order, (ended) => {
    count += 1;
    if (count > 1) throw new Error("The attempt ended twice");
    settle(ended);
  });
  return { handle, end };
}

/** The parts of a failure that tests look at. Throws when the end is none. */
export function failureOf(end: AttemptEnd): {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly ending: string | undefined;
} {
  if (end.kind === "succeeded") throw new Error(`Expected a failure, got ${JSON.stringify(end.result)}`);
  const {
    code = "",
    message,
    hint = "",
    details = {},
  } = end.error as Error & {
    code?: string;
    hint?: string;
    details?: Record<string, unknown>;
  };
  return { code, message, hint, details, ending: end.ending };
}

/** The result of a success. Throws when the end is none. */
export function resultOf(end: AttemptEnd): Readonly<Record<string, unknown>> {
  if (end.kind !== "succeeded") throw end.error;
  return end.result as Readonly<Record<string, unknown>>;
}
