/** How a command runs: with its surroundings made from the shared options, and its output written in any case. */

import type { Command } from "commander";
import { type CommandContext, makeContext } from "./context.ts";
import type { ExitCodeValue } from "./exit-codes.ts";
import { OutputClosed } from "./output.ts";

/** What a command does. */
export type Work = (context: CommandContext) => Promise<ExitCodeValue>;

/** Does `work` on behalf of `command`, and sets the exit code of the process. */
export async function run(command: Command, work: Work): Promise<void> {
  const context = makeContext(command.optsWithGlobals());
  try {
    process.exitCode = await work(context);
    context.output.flush();
  } catch (error) {
    // What was found before the error is still worth having.
    if (!(error instanceof OutputClosed)) context.output.flush();
    throw error;
  } finally {
    context.output.progress.clear();
  }
}
