/** A runtime that was made up, as the live view would be told of it: the same for every test and every golden screen. */

import { Zones } from "../../src/core/zone.ts";
import type {
  DetailFacts,
  EventFacts,
  RunFacts,
  StatsFacts,
  TimelineFacts,
  TimerFacts,
  TimersWindow,
} from "../../src/tui/facts.ts";
import type { TuiEvent } from "../../src/tui/model/event.ts";
import { initialModel, type Model } from "../../src/tui/model/model.ts";
import { timersQuery } from "../../src/tui/model/timers-pane.ts";
import { update } from "../../src/tui/model/update.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";

/** When it is: 2026-11-24 12:03:04 in Riga. */
export const nowMs = Date.UTC(2026, 10, 24, 10, 3, 4);

const minute = 60_000;
const hour = 60 * minute;

/** A model of this size, told all `events` one after another. */
export function modelOf(columns: number, rows: number, ...events: readonly TuiEvent[]): Model {
  const zone = new Zones(intlOffsetSource()).get("Europe/Riga");
  return after(initialModel(zone, nowMs, columns, rows), ...events);
}

/** The model that `events` make of `model`. */
export function after(model: Model, ...events: readonly TuiEvent[]): Model {
  return events.reduce((held, event) => update(held, event).model, model);
}

/** Keys that are pressed one after another. */
export function keys(...names: readonly string[]): TuiEvent[] {
  return names.map((key) => ({ kind: "key", key }));
}

/** The figures of second number `second`; work comes and goes in waves. */
export function statsAt(second: number): StatsFacts {
  const sum = (count: (second: number) => number): number => {
    let total = 0;
    for (let at = 1; at <= second; at++) total += count(at);
    return total;
  };
  const started = sum((at) => 40 + Math.round(30 * Math.sin(at / 9)));
  const failed = sum((at) => (at % 23 < 4 ? 3 : 0));
  return {
    ...{ atMs: nowMs - (120 - second) * 1_000, monotonicMs: second * 1_000, isWhole: true, liveRuns: 7 },
    status: {
      ...{ state: "running", mode: "supervised", dataDir: "/var/lib/shop/.kron", pid: 4711, version: "0.1.0" },
      ...{ startedAtMs: nowMs - 51 * hour, timers: 1_284, running: 5, concurrency: 64, waiting: 2, due: 1 },
      ...{ abandoned: 0, isWritable: true, rssBytes: 93 * 1024 * 1024, lastIndex: 1_482_117 },
      apps: [
        {
          instance: 0,
          state: "ready",
          pid: 4720,
          restarts: 1,
          rssBytes: 118 * 1024 * 1024,
          callbacks: 38,
          running: 4,
          attachedAtMs: nowMs - 2 * hour,
        },
        {
          instance: 1,
          state: "ready",
          pid: 4733,
          restarts: 0,
          rssBytes: 97 * 1024 * 1024,
          callbacks: 38,
          running: 1,
          attachedAtMs: nowMs - 2 * hour,
        },
      ],
      hosts: [{ key: "host-1", pid: 4801, state: "ready", rssBytes: 71 * 1024 * 1024 }],
    },
    states: {
      ...{ scheduled: 1_241, running: 5, retrying: 3, waiting: 2, paused: 12, orphaned: 0 },
      ...{ completed: 17, dead: 4, cancelled: 0 },
    },
    totals: { started, succeeded: started - failed - 5, failed, dead: 4, cancelled: 1, missed: 6, skipped: 31 },
    lateness: { count: 2_417, p50Ms: 1, p99Ms: 19 },
    clock: { count: 1, lastAtMs: nowMs - 12 * minute, lastDeltaMs: -1_500 },
    sizes: { segments: 3, journalBytes: 143_655_321, snapshotBytes: 21_404_888 },
    freeBytes: 81_604_378_624,
  };
}

/** Two minutes of figures. */
export const twoMinutes: readonly TuiEvent[] = [
  { kind: "connected" },
  ...Array.from({ length: 120 }, (_, at): TuiEvent => ({ kind: "stats", stats: statsAt(at + 1) })),
];

const named: readonly (readonly [
  id: string,
  schedule: string,
  state: TimerFacts["state"],
  inMs: number,
  strip: string,
])[] = [
  ["backup-database", "0 2 * * * Europe/Riga", "scheduled", 13 * hour + 57 * minute, "SSSSSSSSSSSSSSSSSSSS"],
  ["charge-cards", "*/5 * * * *", "running", 116_000, "SSSSSSSDSSSSSSSSSSSS"],
  ["clean-uploads", "every 30m", "scheduled", 4 * minute, "SSSSSSSSMMSSSSSSSSSS"],
  ["mail-digest", "0 7 * * MON-FRI America/New_York", "scheduled", 57 * minute, "SSSSSSSSSSSSSSSSSSSS"],
  ["rates-ecb", "0 16 * * *", "retrying", 6 * hour, "SSSSSSSSSSSSSSSSSSSD"],
  ["reindex-search", "every 6h", "paused", 2 * hour, "SSSSOOSSSSS"],
  ["report-2026-11-24-größe", "at 2026-11-24T18:00:00.000Z", "scheduled", 8 * hour, ""],
  ["sync-crm", "every 1m", "dead", 0, "SSSSSSSSSSSSSSSDSSDD"],
];

/** The timers that have names of their own, and enough others to fill any screen. */
export const timers: readonly TimerFacts[] = [
  ...named.map(([id, schedule, state, inMs, strip], at): TimerFacts => {
    const hasRun = strip !== "";
    return {
      ...{ id, schedule, state, target: at % 2 === 0 ? "callback" : "module ./jobs.js" },
      nextAtMs: state === "dead" ? undefined : nowMs + inMs,
      retryAtMs: state === "retrying" ? nowMs + 42_000 : undefined,
      lastAtMs: hasRun ? nowMs - (at + 1) * 7 * minute : undefined,
      lastOutcome: hasRun ? (strip.endsWith("D") ? "DEAD" : "SUCCEEDED") : undefined,
      lastTookMs: hasRun ? 3.2 * 9 ** (at % 5) : undefined,
    };
  }),
  ...Array.from({ length: 140 }, (_, at): TimerFacts => {
    const id = `tenant-${String(at).padStart(4, "0")}`;
    return {
      ...{
        id,
        schedule: "every 10m",
        state: "scheduled",
        target: "http",
        nextAtMs: nowMs + (at % 10) * minute + 1_500,
      },
      ...{ retryAtMs: undefined, lastAtMs: nowMs - (at % 7) * minute, lastOutcome: "SUCCEEDED", lastTookMs: 12 + at },
    };
  }),
];

/** A window of `total` timers, of which the first are those above. */
export function windowOf(model: Model, total = 1_284): TimersWindow {
  const rows = timers.slice(0, timersQuery(model).limit);
  return { rows, places: rows.map(({ id }) => [0, id] as const), position: 0, total, walkMs: 1 };
}

/** The answers to what the list of timers asks. */
export function timersTold(model: Model): TuiEvent[] {
  const window = windowOf(model);
  const ids = window.rows.map(({ id }) => id);
  const strips = ids.map((id) => named.find(([name]) => name === id)?.[4] ?? "SSSSS");
  return [
    { kind: "timers", query: timersQuery(model), window },
    { kind: "strips", ids, strips },
  ];
}

const run = (more: Partial<RunFacts> & Pick<RunFacts, "runId" | "timerId">): RunFacts => ({
  ...{ state: "running", isManual: false, attempt: 1, maxAttempts: 3, dueAtMs: nowMs - 20_000 },
  ...{ startedAtMs: nowMs - 19_000, retryAtMs: undefined, target: "callback", ...more },
});

/** Runs in flight. */
export const runs: readonly RunFacts[] = [
  run({ runId: "run_00000a1b2c", timerId: "charge-cards" }),
  run({ runId: "run_00000a1b3f", timerId: "import-catalogue", target: "module", startedAtMs: nowMs - 754_000 }),
  run({ runId: "run_00000a1b4k", timerId: "rates-ecb", state: "retrying", attempt: 2, retryAtMs: nowMs + 42_000 }),
  run({ runId: "run_00000a1b50", timerId: "mail-digest", isManual: true, target: "http" }),
  run({ runId: "run_00000a1b51", timerId: "thumbnails", state: "waiting", attempt: 0, startedAtMs: undefined }),
];

const event = (type: string, timerId: string | undefined, text: string, agoMs: number, runId?: string): EventFacts => ({
  ...{ type, timerId, text, atMs: nowMs - agoMs, runId },
});

/** What has happened. */
export const events: readonly EventFacts[] = [
  event("RUN_DUE", "charge-cards", "run_00000a1b2c", 20_000, "run_00000a1b2c"),
  event("RUN_STARTED", "charge-cards", "run_00000a1b2c attempt 1", 20_000, "run_00000a1b2c"),
  event(
    "RUN_FAILED",
    "rates-ecb",
    "run_00000a1b4k attempt 2 in 10.0s: Error: 503 from the bank",
    18_000,
    "run_00000a1b4k",
  ),
  event("RUN_RETRYING", "rates-ecb", "run_00000a1b4k attempt 3", 18_000, "run_00000a1b4k"),
  event("RUN_SKIPPED_OVERLAP", "sync-crm", "1 of them (overlap)", 15_000),
  {
    type: "DROPPED",
    atMs: undefined,
    timerId: undefined,
    runId: undefined,
    text: "1873 more that came too fast to be shown",
  },
  event("LOG", "charge-cards", "run_00000a1b2c attempt 1 charged 118 cards", 9_000, "run_00000a1b2c"),
  event("TIMER_PAUSED", "reindex-search", "", 6_000),
  event("RUN_SUCCEEDED", "clean-uploads", 'run_00000a1b1x attempt 1 in 25.0ms {"removed":4}', 2_000, "run_00000a1b1x"),
];

/** How far runs say they are. */
export const progress: TuiEvent = {
  kind: "events",
  timerId: undefined,
  items: [
    { ...event("PROGRESS", "charge-cards", "42 %", 1_000, "run_00000a1b2c"), fraction: 0.42 },
    { ...event("PROGRESS", "import-catalogue", "97 %", 1_000, "run_00000a1b3f"), fraction: 0.97 },
  ],
};

/** What is due in the next hour: a pace, and two stampedes. */
export function timelineOf(buckets: number): TimelineFacts {
  const bucketMs = hour / buckets;
  const counts = Array.from({ length: buckets }, (_, at) => {
    const isHour = Math.floor((57 * minute - 4_000) / bucketMs) === at;
    const isHalf = Math.floor((27 * minute - 4_000) / bucketMs) === at;
    return 6 + Math.round(4 * Math.sin(at / 5)) + (isHour ? 84 : isHalf ? 31 : 0);
  });
  const peak = (inMs: number, count: number, ...ids: readonly string[]) => ({ atMs: nowMs + inMs, count, ids });
  return {
    ...{ fromMs: nowMs, bucketMs, counts, overdue: 2, walkMs: 3 },
    peaks: [
      peak(2 * minute - 4_000, 3, "charge-cards", "sync-crm", "thumbnails"),
      peak(27 * minute - 4_000, 31, "clean-uploads", "tenant-0003", "tenant-0013"),
      peak(57 * minute - 4_000, 112, "mail-digest", "tenant-0000", "tenant-0010"),
    ],
  };
}

const boom = "Error: 503 from the bank";

/** A timer that has its troubles. */
export const detail: DetailFacts = {
  timer: timers[4] as TimerFacts,
  lines: [
    ["schedule", "0 16 * * *"],
    ["executes", "module ./jobs.js (export rates)"],
    ["so far", "411 succeeded, 2 dead, 0 missed, 0 skipped, 5 retries in 7 days"],
    ["last error", boom],
    ["policy", "overlap delay"],
    ["", "misfire once within 1d"],
    ["", "3 attempts, exponential from 30s"],
    ["payload", '{"base":"EUR"}'],
  ],
  nextRunsMs: Array.from({ length: 10 }, (_, at) => nowMs + 6 * hour + at * 24 * hour),
  isFixedDelay: false,
  history: Array.from({ length: 30 }, (_, at) => {
    const isDead = at === 0;
    const hasFailed = isDead || at === 4;
    const failure = (attempt: number) => ({ attempt, outcome: "FAILED", tookMs: 10_021, error: boom });
    return {
      ...{ outcome: isDead ? "DEAD" : "SUCCEEDED", runId: `run_000000${at}`, isManual: at === 2 },
      ...{ scheduledAtMs: nowMs - (at + 1) * 24 * hour, finishedAtMs: nowMs - (at + 1) * 24 * hour + 1_400 },
      ...{ tookMs: 900 + 37 * at, attempts: isDead ? 3 : hasFailed ? 2 : 1, count: 1 },
      note: isDead ? boom : '{"rates":31}',
      failures: isDead ? [1, 2, 3].map(failure) : hasFailed ? [failure(1)] : [],
    };
  }),
  runs: [runs[2] as RunFacts],
  output: { runId: "run_00000a1b4k", lines: ["asking the bank", "got 503, trying again"] },
};
