/** How a cron expression is read, the zone aside: for the commands that take one. */

import type { Command } from "commander";
import { dayMatches, dstPolicies } from "../../src/core/definition.ts";
import { choiceOption } from "../choice-option.ts";

/** Adds `--dst` and `--day-match` to `command`. */
export function withCronReading(command: Command): Command {
  return command
    .addOption(
      choiceOption(
        "--dst <policy>",
        "what clock changes do to it: vixie, fixed, wildcard or skip (default: vixie)",
        dstPolicies,
      ),
    )
    .addOption(
      choiceOption("--day-match <rule>", "or, and: whether both day fields must match (default: or)", dayMatches),
    );
}
