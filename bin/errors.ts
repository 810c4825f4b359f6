/** Errors as the user sees them, on standard error. */

import { isKronError } from "../src/core/errors.ts";
import { jsonVersion } from "./context.ts";
import { CommandError, ExitCode, exitCodeOf } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { printable, printableJson } from "./printable.ts";

/** Prints what is wrong and what can be done about it; a stack only when the fault is in Kron itself. */
export function printError(output: Output, error: unknown): void {
  const exitCode = exitCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof CommandError || isKronError(error) ? error.hint : undefined;
  if (output.options.isJson) {
    const code = isKronError(error) ? error.code : null;
    const details = isKronError(error) ? error.details : undefined;
    const shown = { code, message, hint: hint ?? null, details: details ?? null };
    output.message(printableJson(JSON.stringify({ version: jsonVersion, exitCode, error: shown })));
    return;
  }
  output.message(`kron: ${printable(message)}`);
  if (hint !== undefined) output.message(`hint: ${printable(hint)}`);
  if (exitCode === ExitCode.FAILURE && !isExpected(error) && error instanceof Error && error.stack !== undefined) {
    output.message(error.stack.split("\n").slice(1).map(printable).join("\n"));
  }
}

/** Errors of the system (no permission, for instance) are told by their message; others are faults of the program. */
function isExpected(error: unknown): boolean {
  return isKronError(error) || error instanceof CommandError || (error instanceof Error && "code" in error);
}
