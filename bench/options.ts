/** What reading a timer's options costs: `node dist/bench/options.js`. Prints nanoseconds a call, the best of five rounds. */

import { parseDuration } from "../src/core/duration.ts";
import { parseInstant } from "../src/core/instant.ts";
import { parseScheduleOptions, type ScheduleOptions } from "../src/core/options.ts";
import { checkPayload } from "../src/core/payload.ts";

const calls = 200_000;
const payload = { to: "someone@example.org", attempt: 3, tags: ["a", "b"], nested: { ok: true } };
const checkNothing = (): void => undefined;
const parse = (options: ScheduleOptions) => (call: number) =>
  parseScheduleOptions(`reports:daily:${call}`, options, checkNothing);

const cases: readonly (readonly [string, (call: number) => unknown])[] = [
  ['{ every: "10s" }', parse({ every: "10s" })],
  ["{ after: 5000, payload }", parse({ after: 5_000, payload })],
  ["{ at: text }", parse({ at: "2026-03-29T09:30:00+02:00" })],
  ["{ cron, timezone, … }", parse({ cron: "0 9 * * 1-5", timezone: "Europe/Berlin", retry: { maxAttempts: 5 } })],
  ['parseDuration("1h30m")', () => parseDuration("1h30m", "every")],
  ["parseInstant(text)", () => parseInstant("2026-03-29T09:30:00+02:00", "at")],
  ["checkPayload(small)", () => checkPayload(payload, "payload")],
];

function nanosecondsEach(work: (call: number) => unknown): number {
  const startedAt = performance.now();
  for (let call = 0; call < calls; call++) work(call);
  return ((performance.now() - startedAt) * 1e6) / calls;
}

for (const [name, work] of cases) {
  const rounds = Array.from({ length: 5 }, () => nanosecondsEach(work));
  console.log(`${name.padEnd(26)} ${Math.min(...rounds).toFixed(0)} ns`);
}
