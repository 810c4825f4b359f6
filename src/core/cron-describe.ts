/** Cron schedules in plain English, for `kron explain`. */

import type { CronFields } from "./cron-fields.ts";
import type { DstRule } from "./cron-search.ts";

/** One or two sentences: when, in which zone, how the day fields combine, what happens when clocks change. */
export function describeFields(fields: CronFields, zone: string, rule: DstRule, dayMatch: "or" | "and"): string {
  return `${fields.hours.size} ${zone} ${rule.makesUp} ${dayMatch}`;
}
