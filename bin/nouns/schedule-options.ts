/** The options of `kron job add`: those of `schedule()`, as words of a command line. */

import type { Command } from "commander";
import { backoffs, jitterModes, misfireModes, overlapPolicies } from "../../src/core/definition.ts";
import { httpMethods, isolations } from "../../src/core/target.ts";
import { choiceOption } from "../choice-option.ts";
import { withCronReading } from "./cron-options.ts";

/** Adds them to `command`. */
export function addScheduleOptions(command: Command): Command {
  command
    .optionsGroup("When it is due, one of:")
    .option("--cron <expression>", "at the times of a cron expression")
    .option("--every <duration>", "at an interval")
    .option("--after <duration>", "once, so long from now")
    .option("--at <instant>", "once, at an instant")
    .optionsGroup("How --cron is read:")
    .option("--timezone <zone>", "the zone it is read in (default: UTC)");
  withCronReading(command)
    .optionsGroup("Policies:")
    .addOption(
      choiceOption(
        "--overlap <policy>",
        "while a run is under way: delay, skip, allow, queue or replace (default: delay)",
        overlapPolicies,
      ),
    )
    .option("--retry <attempts>", "attempts in all, the first included; 1 for none")
    .addOption(choiceOption("--backoff <kind>", "how delays grow: fixed, linear or exponential", backoffs))
    .option("--retry-base <duration>", "the delay before the second attempt")
    .option("--retry-cap <duration>", "the longest delay")
    .option("--no-retry-jitter", "delays without chance in them")
    .addOption(
      choiceOption(
        "--misfire <mode>",
        "skip, once or all: what becomes of times that passed while nothing could run",
        misfireModes,
      ),
    )
    .option("--misfire-within <duration>", "how old they may be")
    .option("--misfire-max <count>", "with --misfire all: how many of them")
    .option("--timeout <duration>", "the longest an attempt may take")
    .option("--grace <duration>", "the time it has to stop, once asked")
    .option("--jitter <duration>", "spreads due times by up to so much")
    .addOption(
      choiceOption(
        "--jitter-mode <mode>",
        "stable: a hash of the id; random: another for each due time (default: stable)",
        jitterModes,
      ),
    )
    .option("--concurrency <count>", "with --overlap allow: runs at a time")
    .option("--history-count <rows>", "how much history is kept, by rows,")
    .option("--history-age <duration>", "by age,")
    .option("--history-bytes <bytes>", "and by bytes")
    .option("--payload <json>", "what each run is given");
  return addTargetOptions(command);
}

function addTargetOptions(command: Command): Command {
  const again = (value: string, values: readonly string[] = []): readonly string[] => [...values, value];
  return command
    .optionsGroup("What is executed, or a command:")
    .option("--module <path>", "an export of a module")
    .option("--export <name>", "with --module: the export (default: default)")
    .addOption(choiceOption("--isolate <kind>", "with --module: thread, process or thread-per-run", isolations))
    .option("--max-heap <mb>", "with --module: the heap of its thread, in MB")
    .option("--max-runs-per-worker <count>", "with --module: attempts after which the thread is replaced")
    .option("--max-memory <size>", "with --module: memory of the hosting process, such as 512MB")
    .option("--http <url>", "a request")
    .addOption(choiceOption("--method <name>", "with --http: GET, or POST where there is a body", httpMethods))
    .option("--header <name: value>", "with --http: a header; may be given again", again)
    .option("--body <text>", "with --http: the body; text that is JSON is sent as such")
    .option("--success <codes>", "with --http: what counts as success, such as 2xx,404")
    .option("--cwd <path>", "with a command: where it runs (default: this directory)")
    .option("--env <name=value>", "with a command: a variable; may be given again", again)
    .option("--shell", "the command is one text for the shell");
}
