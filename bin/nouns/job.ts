/** `kron job …`: the commands about timers. */

import type { Command } from "commander";
import { timerStates } from "../../src/runtime/service/timer-states.ts";
import { choicesOption } from "../choice-option.ts";
import { run } from "../running.ts";
import { addScheduleOptions } from "./schedule-options.ts";

/** Adds the noun to `program`. */
export function addJobCommands(program: Command): void {
  const job = program.command("job").description("timers and their runs");
  addLooks(job);
  addChanges(job);
  addScheduleOptions(
    job
      .command("add <timer> [command...]")
      .description("create a timer, or change it: by the runtime, or in a directory that no runtime holds"),
  ).action((timer: string, words: string[], options, command: Command) =>
    run(command, async (context) => (await import("../commands/job-add.ts")).jobAdd(context, timer, words, options)),
  );
}

function addLooks(job: Command): void {
  job
    .command("list")
    .description("list all timers, sorted by id")
    .addOption(choicesOption("--state <states>", "only those in these states, separated by commas", timerStates))
    .action((options, command: Command) =>
      run(command, async (context) => (await import("../commands/job-list.ts")).jobList(context, options)),
    );
  job
    .command("status <timer>")
    .description("show what is on record about a timer")
    .action((timer: string, _options, command: Command) =>
      run(command, async (context) => (await import("../commands/job-status.ts")).jobStatus(context, timer)),
    );
  job
    .command("history <timer>")
    .description("show how its occurrences ended, the newest first")
    .option("--limit <count>", "at most so many (default: 20)")
    .option("--since <when>", "finished at or after an instant, or so long ago: 2026-11-24T00:00Z, 24h")
    .option("--before <when>", "finished before an instant, or so long ago")
    .action((timer: string, options, command: Command) =>
      run(command, async (context) => (await import("../commands/job-history.ts")).jobHistory(context, timer, options)),
    );
  job
    .command("logs <timer>")
    .description("show what its newest run has printed")
    .option("--run <id>", "another run of it")
    .option("-f, --follow", "go on with what is added, until the run is over")
    .action((timer: string, options, command: Command) =>
      run(command, async (context) => (await import("../commands/job-logs.ts")).jobLogs(context, timer, options)),
    );
  job
    .command("next <timer>")
    .description("show when it is due next")
    .option("-n, --number <count>", "how many due times to show (default: 10)")
    .action((timer: string, options, command: Command) =>
      run(command, async (context) => (await import("../commands/job-next.ts")).jobNext(context, timer, options)),
    );
}

/** All of these need a runtime. */
function addChanges(job: Command): void {
  const changes = async () => await import("../commands/job-change.ts");
  job
    .command("pause <timer>")
    .description("hold a timer back until it is resumed")
    .action((timer: string, _options, command: Command) =>
      run(command, async (context) => (await changes()).jobPause(context, timer)),
    );
  job
    .command("resume <timer>")
    .description("let a paused timer go on")
    .action((timer: string, _options, command: Command) =>
      run(command, async (context) => (await changes()).jobResume(context, timer)),
    );
  job
    .command("cancel <timer>")
    .alias("rm")
    .description("end a timer for good; what it has run stays on record for a while")
    .option("--abort", "ask its run under way to stop, too")
    .action((timer: string, options, command: Command) =>
      run(command, async (context) => (await changes()).jobCancel(context, timer, options)),
    );
  job
    .command("retry <timer>")
    .description("begin the next attempt of a failed run now, or run a timer again whose last run died")
    .action((timer: string, _options, command: Command) =>
      run(command, async (context) => (await changes()).jobRetry(context, timer)),
    );
  job
    .command("trigger <timer>")
    .description("run a timer now, besides its schedule")
    .option("--payload <json>", "a payload for this run, in place of the timer's own")
    .option("--wait", "wait for the end of the run; exits with 1 unless it succeeded")
    .option("--timeout <duration>", "how long to wait at most (default: 24h)")
    .action((timer: string, options, command: Command) =>
      run(command, async (context) => (await import("../commands/job-trigger.ts")).jobTrigger(context, timer, options)),
    );
}
