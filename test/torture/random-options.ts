/** Timers drawn at random, so that every kind of schedule and policy meets every other. */

import type { MisfirePolicy, ScheduleOptions } from "../../src/index.ts";
import type { Seeded } from "../support/seeded.ts";
import type { Mark, Rule } from "./facts.ts";

type Options = Omit<ScheduleOptions, "payload">;

/**
 * Options with a payload that names them. `mark` must be unique in the life of the directory. The instant of a
 * one-shot is no earlier than `earliestMs`: one at which the timer has had its last occurrence is refused.
 */
export function drawOptions(random: Seeded, mark: string, earliestMs: number): ScheduleOptions<Mark> {
  const overlap = random.pick(["delay", "skip", "allow", "queue", "replace"] as const);
  const { schedule, rule } = drawSchedule(random, overlap, earliestMs);
  const options: Options = {
    ...schedule,
    overlap,
    retry: random.chance(0.1)
      ? false
      : {
          maxAttempts: random.int(1, 4),
          backoff: random.pick(["fixed", "linear", "exponential"] as const),
          base: random.int(0, 20),
          cap: random.int(20, 40),
          jitter: random.chance(0.3),
        },
    misfire: drawMisfire(random),
    grace: random.int(0, 20),
    ...(random.chance(0.3) && { timeout: random.int(5, 40) }),
    ...(random.chance(0.1) && rule.kind !== "once" && { jitter: random.int(1, 10) }),
    ...(overlap === "allow" && random.chance(0.7) && { concurrency: random.int(1, 3) }),
  };
  return { ...options, payload: { mark, rule, options, fill: drawFill(random) } };
}

/** One of thousands: a one-shot between now and a minute from now. */
export function drawBulkOptions(random: Seeded, mark: string): ScheduleOptions<Mark> {
  const after = random.chance(0.5) ? random.int(0, 400) : random.int(400, 60_000);
  const options: Options = { after, retry: false };
  return { ...options, payload: { mark, rule: { kind: "once", key: `after ${after}` }, options, fill: "" } };
}

/** A one-shot that nobody will see. */
export function oneDayOff(mark: string): ScheduleOptions<Mark> {
  const options: Options = { after: "1d" };
  return { ...options, payload: { mark, rule: { kind: "once", key: "after 1d" }, options, fill: "" } };
}

/** Text of a random length: mostly short, sometimes many sectors of the disk. */
export function drawFill(random: Seeded): string {
  return "x".repeat(random.chance(0.9) ? random.int(0, 200) : random.int(200, 20_000));
}

function drawMisfire(random: Seeded): Options["misfire"] {
  const mode: MisfirePolicy["mode"] = random.pick(["skip", "once", "all"]);
  if (mode === "skip" || random.chance(0.4)) return mode;
  return { mode, within: random.int(20, 2_000), ...(mode === "all" && { max: random.int(1, 20) }) };
}

function drawSchedule(random: Seeded, overlap: string, earliestMs: number): { schedule: Options; rule: Rule } {
  switch (random.int(0, 6)) {
    case 0: {
      const after = random.int(0, 150);
      return { schedule: { after }, rule: { kind: "once", key: `after ${after}` } };
    }
    case 1: {
      const at = earliestMs + random.int(0, 250);
      return { schedule: { at }, rule: { kind: "once", key: `at ${at}` } };
    }
    case 2:
      return drawCron(random);
    default: {
      const every = random.chance(0.8) ? random.int(10, 60) : random.int(60, 400);
      const schedule: Options = { every: random.chance(0.5) ? every : `${every}ms` };
      // Under `delay` the next is due a while after the finish.
      if (overlap === "delay") return { schedule, rule: { kind: "free", key: `delay ${every}`, isReboot: false } };
      return { schedule, rule: { kind: "grid", key: `every ${every}`, stepMs: every, isAligned: false } };
    }
  }
}

function drawCron(random: Seeded): { schedule: Options; rule: Rule } {
  if (random.chance(0.2))
    return { schedule: { cron: "@reboot" }, rule: { kind: "free", key: "@reboot", isReboot: true } };
  const [cron, stepMs] = random.pick([
    ["* * * * * *", 1_000],
    ["*/2 * * * * *", 2_000],
    ["@every_minute", 60_000],
  ] as const);
  const timezone = random.pick([undefined, "Europe/Riga", "America/New_York"]);
  const schedule: Options = { cron, ...(timezone !== undefined && { timezone }) };
  return { schedule, rule: { kind: "grid", key: `cron ${cron} ${timezone}`, stepMs, isAligned: true } };
}
