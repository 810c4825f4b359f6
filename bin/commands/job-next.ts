/** `kron job next <timer>`: when it is due next, as far as its schedule knows. */

import { isFixedDelay } from "../../src/core/recurrence.ts";
import { viewNextRuns } from "../../src/supervisor/views.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { readCount } from "../numbers.ts";
import { localTime, relativeTime } from "../times.ts";
import { openOffline, reportReading, runtimeJson, slotOfTimer } from "./offline.ts";

/** Options of `kron job next`. */
export interface JobNextOptions {
  readonly number?: string;
}

const countDefault = 10;

/** Prints the next due times of a timer, jitter included. */
export async function jobNext(context: CommandContext, id: string, options: JobNextOptions): Promise<ExitCodeValue> {
  const count = readCount(options.number, "--number", countDefault, 1, 10_000);
  const offline = await openOffline(context);
  // What comes next is in memory.
  await offline.close();
  const { state, recurrences, zone } = offline;
  const slot = slotOfTimer(state, id);
  const runs = viewNextRuns(state, slot, recurrences.of(state, slot), count);
  const { output, nowMs } = context;
  if (output.options.isJson) {
    output.json({
      ...{ version: jsonVersion, command: "job next", dataDir: context.dataDir, runtime: runtimeJson(offline) },
      timerId: id,
      zone: zone.name,
      next: runs.map((atMs) => ({ atMs, local: localTime(atMs, zone, true) })),
    });
  } else if (runs.length === 0) {
    output.line("(none)");
  } else {
    for (const atMs of runs) output.line(`${localTime(atMs, zone, true)}  ${relativeTime(atMs, nowMs)}`);
    const definition = state.definitions.get(state.timers.definition.get(slot));
    if (isFixedDelay(definition) && count > 1) {
      output.message("note: each due time counts from the finish of the run before it, so only one is known");
    }
  }
  return reportReading(context, offline);
}
