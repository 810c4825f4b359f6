/** `kron sync`: makes the timers on record those that the configuration declares. */

import { type SyncResult, syncTimers } from "../../src/runtime/sync.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { type ConfigOptions, commandConfig } from "./command-config.ts";
import { withDesk } from "./open-desk.ts";
import { printSteps, stepCounts, stepsJson } from "./sync-report.ts";

/** Options of `kron sync`. */
export interface SyncOptions extends ConfigOptions {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly adopt?: boolean;
  readonly allowEmpty?: boolean;
}

/** Syncs, or says what a sync would do. */
export async function sync(given: CommandContext, options: SyncOptions): Promise<ExitCodeValue> {
  const { dryRun = false, prune = false, adopt = false, allowEmpty = false } = options;
  const config = await commandConfig(given, options);
  if (config.file === undefined) {
    const hint = "Make one, or say where it is with --config";
    throw new CommandError(ExitCode.USAGE, "Expected a configuration in the working directory, got none", hint);
  }
  if (prune && config.timers.length === 0 && !allowEmpty) {
    const message = `Expected timers in ${config.file} before others are pruned, got none`;
    throw new CommandError(ExitCode.USAGE, message, "If all of them are to go, add --allow-empty");
  }
  const { dataDir, source, timers } = config;
  const context = { ...given, dataDir };
  const request = { dataDir, source, timers, prune, adopt, isDryRun: dryRun, onRefused: "stop" } as const;
  const result = await withDesk(context, dryRun, (desk) => syncTimers(request, desk));
  report(context, result, { source, isDryRun: dryRun });
  return result.steps.some(({ kind }) => kind === "refuse") ? ExitCode.FAILURE : ExitCode.OK;
}

function report(
  context: CommandContext,
  result: SyncResult,
  { source, isDryRun }: { readonly source: string; readonly isDryRun: boolean },
): void {
  const { output, dataDir } = context;
  if (output.options.isJson) {
    const { isDone } = result;
    const counts = stepCounts(result);
    output.json({
      ...{ version: jsonVersion, command: "sync", dataDir, source, isDryRun, isDone, counts, steps: stepsJson(result) },
    });
    return;
  }
  printSteps(context, result);
}
