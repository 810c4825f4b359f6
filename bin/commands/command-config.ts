/** The configuration as commands ask for it: with their flags, and with all that is wrong told line by line. */

import { isKronError } from "../../src/core/errors.ts";
import { type Config, type ConfigRequest, readConfig } from "../../src/runtime/config.ts";
import { ambientOptions } from "../../src/runtime/config-layers.ts";
import type { ConfigProblem } from "../../src/runtime/config-timers.ts";
import { systemClock } from "../../src/system.ts";
import type { CommandContext } from "../context.ts";
import { CommandError, ExitCode } from "../exit-codes.ts";
import { counted, printable } from "../printable.ts";

/** The options of commands that read a configuration, as commander hands them over: `--config`, and a flag for an option. */
export interface ConfigOptions {
  readonly config?: string;
  readonly dataDir?: string;
  readonly timezone?: string;
  readonly logLevel?: string;
  readonly concurrency?: string;
  readonly durability?: string;
  readonly drain?: string;
}

const problemsShown = 50;

/** What the options ask for; each time it is read anew. */
export function configRequest(options: ConfigOptions): ConfigRequest {
  const flags = Object.fromEntries(
    ambientOptions.map(({ option }) => [option, options[option as keyof ConfigOptions]]),
  );
  const { config: path } = options;
  return { path, flags, environment: process.env, directory: process.cwd(), clock: systemClock() };
}

/** Reads the configuration. Rejects with `KRON_CONFIG_INVALID`, or with a `CommandError` once all has been told. */
export async function commandConfig({ output }: CommandContext, options: ConfigOptions): Promise<Config> {
  try {
    return await readConfig(configRequest(options));
  } catch (error) {
    if (output.options.isJson || !isKronError(error, "KRON_CONFIG_INVALID")) throw error;
    const { file, problems } = error.details as { file?: string; problems: readonly ConfigProblem[] };
    if (problems.length < 2 && problems[0]?.path === "") throw error;
    for (const { path, message, hint } of problems.slice(0, problemsShown)) {
      output.message(`${printable(path)}: ${printable(message)}${hint === undefined ? "" : ` (${printable(hint)})`}`);
    }
    if (problems.length > problemsShown) output.message(`… and ${problems.length - problemsShown} more`);
    const where = file === undefined ? "what was given" : printable(file);
    throw new CommandError(ExitCode.USAGE, `${counted(problems.length, "problem")} in ${where}`);
  }
}
