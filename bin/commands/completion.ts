/** `kron completion bash | zsh | fish`: the script that makes a shell complete commands, options, words and ids. */

import type { Command } from "commander";
import { commandModels } from "../completion/model.ts";
import type { CommandContext } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";

/** The shells there are scripts for. */
export type Shell = "bash" | "zsh" | "fish";

/** Prints the script, which follows from the commands of `program`. */
export async function completion({ output }: CommandContext, program: Command, shell: Shell): Promise<ExitCodeValue> {
  output.line((await scriptOf(program, shell)).trimEnd());
  return ExitCode.OK;
}

async function scriptOf(program: Command, shell: Shell): Promise<string> {
  const models = commandModels(program);
  switch (shell) {
    case "bash":
      return (await import("../completion/bash.ts")).bashScript(models);
    case "zsh":
      return (await import("../completion/zsh.ts")).zshScript(models);
    default:
      return (await import("../completion/fish.ts")).fishScript(models);
  }
}
