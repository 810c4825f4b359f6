/**
 * Old records stay readable, and lead where they led: a journal with a record of every kind and definitions of every
 * layout is kept under test/golden/journal/records. `KRON_WRITE_GOLDEN=1` writes it anew; do that only when something
 * was added at the end of `entries`, and never change what stands there.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { equal, is, ok } from "uvu/assert";
import { apply } from "../../src/core/apply.ts";
import { digest } from "../../src/core/digest.ts";
import { checkState } from "../../src/core/invariants.ts";
import { type Entry, Kind } from "../../src/core/record.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import { State } from "../../src/core/state.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, open } from "./harness.ts";

const test = suite("journal golden records");
const golden = join("test", "golden", "journal", "records");

/** The fields of a definition between its target and its history, as every layout has them. */
const policies = [2, 3, 2, 30_000, 3_600_000, 0, [1, 86_400_000, 1_000], 0, 5_000, [0, 0], 0];
const every = [1, 1_000];
const cron = [0, "0 9 * * 1-5", "Europe/Riga", 0, 0];
const error = ["Error", "boom", "stack", "E_BOOM"] as const;
const errorWithDetails = [
  "Error",
  "ended with 2",
  null,
  null,
  { exitCode: 2, stderr: "no space", at: [1, null] },
] as const;

const entries: Entry[] = [
  [1_000, [Kind.RUNTIME_STARTED, "boot"], [Kind.CLOCK_STEPPED, -5]],
  // Layouts 1 and 2 know callbacks; 3 knows every target.
  [1_001, [Kind.TIMER_CREATED, "callback", [1, every, [0], ...policies], 1_000, 2_000, { a: 1 }]],
  [1_002, [Kind.TIMER_CREATED, "history", [2, cron, [0], ...policies, [5, null, 4_096]], 1_000, 2_000, null]],
  [
    1_003,
    [
      Kind.TIMER_CREATED,
      "module",
      [3, every, [1, "./job.js", "run", 2, 64, 10, 1_048_576], ...policies, null],
      1_000,
      2_000,
      null,
    ],
  ],
  [
    1_004,
    [
      Kind.TIMER_CREATED,
      "command",
      [3, every, [2, ["pg_dump", "-v", ""], "/tmp", ["PATH", "/bin", "X", ""], 0], ...policies, [null, 60_000, null]],
      1_000,
      2_000,
      null,
    ],
  ],
  [
    1_005,
    [
      Kind.TIMER_CREATED,
      "shell",
      [3, [2, 60_000], [2, ["a | b"], null, [], 1], ...policies, null],
      1_000,
      61_000,
      null,
    ],
  ],
  [
    1_006,
    [
      Kind.TIMER_CREATED,
      "http",
      [
        3,
        every,
        [3, "POST", "https://example.com/", ["x-a", "1"], '{"a":[1,"ü"]}', [200, 299, 404, 404]],
        ...policies,
        null,
      ],
      1_000,
      2_000,
      null,
    ],
  ],
  [1_007, [Kind.TIMER_CREATED, "shared", 3, 1_000, 2_000, null], [Kind.TIMER_UPDATED, 2, 1, 1_000, -1, null]],
  [1_008, [Kind.TIMER_PAUSED, 1], [Kind.TIMER_RESUMED, 1], [Kind.TIMER_CANCELLED, 4]],
  // Runs have the numbers of their records.
  [2_000, [Kind.RUN_DUE, 0, 2_000, 3_000, 0, 1], [Kind.RUN_TRIGGERED, 0, 0, { b: 2 }], [Kind.RUN_STARTED, 15, 1]],
  [2_001, [Kind.RUN_SUCCEEDED, 14, 14, 500, 0, "ok", null], [Kind.RUN_FAILED, 15, 16, 5, 9_000, 0, error]],
  [2_002, [Kind.RUN_TRIGGERED, 0, 1, null], [Kind.RUN_TRIGGERED, 0, 1, null], [Kind.RUN_TRIGGERED, 0, 1, null]],
  [2_003, [Kind.RUN_TIMED_OUT, 19, 19, 5, 9_000, 0, errorWithDetails, "process-killed"]],
  [2_004, [Kind.RUN_LOST, 20, 20, 5, 0, 0, errorWithDetails], [Kind.RUN_CANCELLED, 21, "requested", 0, "given-up"]],
  [2_005, [Kind.RUN_TRIGGERED, 0, 0, null], [Kind.RUN_CANCELLED, 25, "replaced", 0]],
  [2_006, [Kind.RUN_MISSED, 2, 2_000, 4_000, 3, 5_000, "late"], [Kind.RUN_SKIPPED_OVERLAP, 3, 2_000, 2_000, 1, 3_000]],
  [2_007, [Kind.RUNTIME_STOPPED]],
];

async function write(): Promise<SimDisk> {
  const disk = new SimDisk();
  const opened = open(disk, { limits: { segmentBytesMin: 8_192, segmentBytesMax: 8_192 } });
  await commit(opened, ...entries);
  await opened.journal.close();
  return disk;
}

test("the records of earlier versions are read, and lead to the state they led to", async () => {
  if (process.env.KRON_WRITE_GOLDEN === "1") {
    const disk = await write();
    mkdirSync(golden, { recursive: true });
    for (const name of ["kron.aof", "kron.sync"])
      writeFileSync(join(golden, name), disk.contents(join(directory, name)));
  }
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  for (const name of ["kron.aof", "kron.sync"]) disk.put(join(directory, name), readFileSync(join(golden, name)));
  const state = new State();
  const found: Entry[] = [];
  const reading = readJournal(directory, disk, (index, term, entry) => {
    found.push(entry);
    for (const outcome of apply(state, index, term, checkEntry(entry, `index ${index}`)).outcomes)
      is.not(outcome.kind, "refused", `index ${index}: ${JSON.stringify(outcome)}`);
  });
  equal(reading.verdict, { kind: "clean" });
  equal(found, entries);
  const kinds = new Set(found.flatMap(([, ...records]) => records.map(([kind]) => kind)));
  equal(
    [...kinds].sort((a, b) => a - b),
    Object.values(Kind),
    "a record of every kind",
  );
  equal(checkState(state), []);
  is(digest(state), "f82a7363aff2941f");
});

test("today's code still writes those very bytes", async () => {
  const disk = await write();
  for (const name of ["kron.aof", "kron.sync"])
    ok(disk.contents(join(directory, name)).equals(readFileSync(join(golden, name))), name);
});

test.run();
