/** `kron job next <timer>`: when it is due next, as far as its schedule knows. */

import { type CommandContext, jsonVersion } from "../context.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { readCount } from "../numbers.ts";
import { fullTime, localTimeJson } from "../times.ts";
import { lookAtNextRuns } from "./look.ts";

/** Options of `kron job next`. */
export interface JobNextOptions {
  readonly number?: string;
}

const countDefault = 10;

/** Prints the next due times of a timer, jitter included. */
export async function jobNext(context: CommandContext, id: string, options: JobNextOptions): Promise<ExitCodeValue> {
  const count = readCount(options.number, "--number", countDefault, 1, 10_000);
  const { seen, runs, isFixedDelay } = await lookAtNextRuns(context, id, count);
  const { zone } = seen;
  const { output, nowMs } = context;
  if (output.options.isJson) {
    output.json({
      ...{ version: jsonVersion, command: "job next", dataDir: context.dataDir, runtime: seen.runtime },
      timerId: id,
      zone: zone.name,
      next: runs.map((atMs) => ({ atMs, local: localTimeJson(atMs, zone, true) })),
    });
  } else if (runs.length === 0) {
    output.line("(none)");
  } else {
    for (const atMs of runs) output.line(fullTime(atMs, zone, nowMs, true));
    if (isFixedDelay && count > 1) {
      output.message("note: each due time counts from the finish of the run before it, so only one is known");
    }
  }
  return seen.report();
}
