#!/usr/bin/env node
/**
 * The command line of Kron. Which commands and options there are stands in `program.ts` and `nouns/`; what a command
 * does is in `commands/`, one file each, loaded when it is called, so that `kron --help` loads none of them.
 */

import { CommanderError } from "commander";
import { makeOutput, type SharedOptions } from "./context.ts";
import { printError } from "./errors.ts";
import { ExitCode, type ExitCodeValue, exitCodeOf } from "./exit-codes.ts";
import { OutputClosed } from "./output.ts";
import { makeProgram } from "./program.ts";

await main();

async function main(): Promise<void> {
  const program = makeProgram();
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = endWith(error, program.optsWithGlobals());
  }
}

/** Says what went wrong, where that is still to be said, and gives the exit code. */
function endWith(error: unknown, options: SharedOptions): ExitCodeValue {
  // Nobody reads any more: what was asked for has been done.
  if (error instanceof OutputClosed) return ExitCode.OK;
  // Help or the version, which have been printed.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
  printError(makeOutput(options), error);
  return exitCodeOf(error);
}
