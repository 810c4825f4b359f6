/** The options of every command that reads a configuration. */

import type { Command } from "commander";
import { logLevels } from "../../src/core/log-levels.ts";
import { hintedOption } from "../choice-option.ts";

/** What `--durability` may be, `group:<duration>` aside. */
export const durabilityWords = ["always", "everysec"] as const;

/** Adds them to `command`. */
export function withConfig(command: Command): Command {
  return command
    .option("--config <file>", "the configuration (default: kron.config.{ts,js,mjs,json} in the working directory)")
    .option("--timezone <zone>", "the zone of cron timers that name none (KRON_TZ)")
    .addOption(
      hintedOption(
        "--log-level <level>",
        "trace, debug, info, warn, error, fatal or silent (KRON_LOG_LEVEL)",
        logLevels,
      ),
    )
    .option("--concurrency <count>", "attempts under way at a time (KRON_CONCURRENCY)")
    .addOption(
      hintedOption("--durability <how>", "always, group:<duration> or everysec (KRON_DURABILITY)", durabilityWords),
    )
    .option("--drain <duration>", "how long attempts under way have to finish at a stop (KRON_DRAIN)");
}
