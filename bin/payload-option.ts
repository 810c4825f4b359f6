/** The option `--payload`: JSON, with what JSON lacks written as docs/backup.md says. */

import { CommandError, ExitCode } from "./exit-codes.ts";
import { untaggedPayload } from "./payload-json.ts";
import { shortened } from "./printable.ts";

/** The payload, or undefined when the option was not given. Throws a `CommandError` or `KRON_PAYLOAD_INVALID`. */
export function readPayloadOption(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const got = `"${shortened(text, 60)}"`;
    throw new CommandError(
      ExitCode.USAGE,
      `Expected --payload to be JSON, got ${got}: ${(error as Error).message}`,
      `Quote it for the shell: --payload '{"to":"ada@example.org"}'`,
    );
  }
  return untaggedPayload(value);
}
