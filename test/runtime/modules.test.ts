/** Timers with modules, from `schedule` to history, in threads and in hosts, over real directories. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type HistoryEntry, Kron, type KronOptions } from "../../src/index.ts";
import { systemClock } from "../../src/system.ts";
import { kron as commandLine } from "../bin/command-line.ts";
import { isAlive, until } from "../support/processes.ts";
import { codeOf, freshDirectory, make, nextRun, removeDirectories } from "../support/runtimes.ts";
import { suite } from "../support/suite.ts";

const test = suite("runtime/modules", 60_000);
const baseDir = freshDirectory();

mkdirSync(baseDir, { recursive: true });
test.after(removeDirectories);

function write(name: string, text: string): string {
  writeFileSync(join(baseDir, name), text);
  return name;
}

/** Runs `body` with a started runtime; at the end the doctor has to be content with what it left. */
async function withKron(options: KronOptions, body: (kron: Kron, dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = freshDirectory();
  const kron = make({ dataDir, baseDir, ...options });
  await kron.start();
  try {
    await body(kron, dataDir);
  } finally {
    await kron.shutdown();
  }
  const { exitCode, stdout } = commandLine(["doctor", "--data-dir", dataDir]);
  assert.is(exitCode, 0, stdout);
}

/** What became of the one run of a timer that is due at once. */
async function outcomeOf(kron: Kron, id: string, options: object): Promise<HistoryEntry> {
  const ended = Promise.race(["RUN_SUCCEEDED", "RUN_DEAD", "RUN_CANCELLED"].map((type) => nextRun(kron, type)));
  await kron.schedule(id, { after: 0, retry: { maxAttempts: 1 }, ...options });
  await ended;
  const [entry] = await kron.history(id);
  if (entry === undefined) throw new Error("The run is not in history");
  return entry;
}

write(
  "report.mjs",
  `export async function report({ payload, attempt, log, progress, idempotencyKey }) {
     console.log("working on", payload.name);
     log.info("halfway", { n: 1 });
     progress(0.5, "half");
     if (attempt === 1 && payload.flaky) throw new Error("try again");
     return { name: payload.name, attempt, pid: process.pid, key: idempotencyKey };
   }`,
);

for (const isolate of ["thread", "thread-per-run", "process"] as const) {
  test(`a module runs with isolate ${isolate}, is retried, and leaves result, lines and output`, async () => {
    await withKron({ threads: 2 }, async (kron, dataDir) => {
      const lines: unknown[] = [];
      kron.on("log", ({ level, message, fields, attempt }) => lines.push([level, message, fields, attempt]));
      kron.on("progress", ({ fraction, note, attempt }) => lines.push([fraction, note, attempt]));
      const entry = await outcomeOf(kron, "report", {
        ...{ module: "report.mjs", export: "report", isolate, payload: { name: "june", flaky: true } },
        retry: { maxAttempts: 2, base: 1 },
      });
      assert.is(entry.outcome, "SUCCEEDED");
      const { pid, key, ...rest } = entry.result as Record<string, unknown>;
      assert.equal(rest, { name: "june", attempt: 2 });
      assert.is(pid === process.pid, isolate !== "process");
      assert.match(String(key), /^report:\d{4}-/);
      assert.is(entry.failures[0]?.error.message, "try again");
      assert.match(entry.failures[0]?.error.stack ?? "", "report.mjs");
      assert.equal(lines, [
        ["info", "halfway", { n: 1 }, 1],
        [0.5, "half", 1],
        ["info", "halfway", { n: 1 }, 2],
        [0.5, "half", 2],
      ]);
      const log = readFileSync(join(dataDir, "logs", "runs", "report", `${entry.runId}.log`), "utf8");
      assert.is(log.split("working on june\n").length, 3);
    });
  });
}

test("a timeout terminates the thread of an endless loop, and history says so", async () => {
  write("endless.mjs", "export default () => { for (;;); };");
  write("pid.mjs", "export default () => process.pid;");
  await withKron({}, async (kron) => {
    const entry = await outcomeOf(kron, "loop", { module: "endless.mjs", timeout: 3_000, grace: 50 });
    assert.equal([entry.failures[0]?.outcome, entry.failures[0]?.ending], ["TIMED_OUT", "thread-terminated"]);
    assert.is((await outcomeOf(kron, "after", { module: "pid.mjs" })).result, process.pid);
  });
});

write(
  "gate.mjs",
  `import { existsSync } from "node:fs";
   export default ({ payload, log }) => new Promise((resolve) => {
     if (typeof payload !== "string") return resolve();
     log.info("holds the thread");
     const look = setInterval(() => {
       if (!existsSync(payload)) return;
       clearInterval(look);
       resolve();
     }, 5);
   });`,
);

for (const isolate of ["thread", "process"] as const) {
  test(`attempts with isolate ${isolate} that wait for a thread longer than their timeout do not time out`, async () => {
    await withKron({ threads: 1 }, async (kron) => {
      const gate = join(baseDir, `gate-${isolate}`);
      const options = { after: 0, module: "gate.mjs", isolate, retry: false } as const;
      const isHeld = new Promise((resolve) => kron.on("log", resolve));
      const ended = new Promise<void>((resolve) => {
        let left = 8;
        kron.on("run", ({ type }) => {
          if (type === "RUN_SUCCEEDED" || type === "RUN_DEAD") left -= 1;
          if (left === 0) resolve();
        });
      });
      await kron.schedule("holds", { ...options, payload: gate });
      await isHeld;
      const clock = systemClock();
      const ids = Array.from({ length: 7 }, (_, n) => `waits-${n}`);
      // Long enough for an attempt of nothing on a busy machine.
      for (const id of ids) await kron.schedule(id, { ...options, timeout: 2_000, grace: 0 });
      const orderedMs = clock.monotonicMs();
      await until(() => clock.monotonicMs() > orderedMs + 2_500, "the timeouts are over");
      assert.is((await kron.history(ids[0] ?? "")).length, 0, "it waits");
      writeFileSync(gate, "");
      await ended;
      for (const id of ids) assert.is((await kron.history(id))[0]?.outcome, "SUCCEEDED", id);
    });
  });
}

test("what dies is lost, and retried; what cannot be loaded fails, and says why", async () => {
  write("exits.mjs", "export default ({ attempt }) => { if (attempt === 1) process.exit(7); return 'second'; };");
  write(
    "crashes.mjs",
    "export default ({ attempt }) => { if (attempt === 1) process.kill(process.pid, 'SIGKILL'); return 'second'; };",
  );
  await withKron({}, async (kron) => {
    const retry = { maxAttempts: 2, base: 1 };
    const exits = await outcomeOf(kron, "exits", { module: "exits.mjs", retry });
    assert.equal([exits.result, exits.failures[0]?.outcome], ["second", "LOST"]);
    const crashes = await outcomeOf(kron, "crashes", { module: "crashes.mjs", isolate: "process", retry });
    assert.equal([crashes.result, crashes.failures[0]?.outcome], ["second", "LOST"]);
    const missing = await outcomeOf(kron, "missing", { module: "missing.mjs", retry });
    assert.is(missing.outcome, "DEAD");
    assert.is(missing.failures[0]?.outcome, "FAILED");
    assert.is(missing.failures[0]?.error.code, "KRON_MODULE_UNUSABLE");
  });
});

test("a result that cannot be kept leaves a note", async () => {
  write("function.mjs", "export default () => () => 1;");
  await withKron({}, async (kron) => {
    const entry = await outcomeOf(kron, "t", { module: "function.mjs" });
    assert.is(entry.outcome, "SUCCEEDED");
    assert.match(entry.resultNote ?? "", "Expected result to be plain data, got a function");
  });
});

test("a shutdown ends modules, in threads and in hosts, and leaves no process", async () => {
  write(
    "stuck.mjs",
    "import { writeFileSync } from 'node:fs'; export default ({ timerId }) => { writeFileSync(new URL(timerId + '.pid', import.meta.url), String(process.pid)); for (;;); };",
  );
  const kron = make({ baseDir, threads: 2 });
  await kron.start();
  await kron.schedule("in-thread", { after: 0, module: "stuck.mjs" });
  await kron.schedule("in-host", { after: 0, module: "stuck.mjs", isolate: "process" });
  const pidOf = (id: string): number => {
    const path = join(baseDir, `${id}.pid`);
    return existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  };
  await until(() => pidOf("in-thread") > 0 && pidOf("in-host") > 0, "both modules run");
  assert.is.not(pidOf("in-host"), process.pid);
  await kron.shutdown({ timeoutMs: 0 }).catch(() => undefined);
  assert.is(isAlive(pidOf("in-host")), false);
});

test("the number of threads is checked", async () => {
  for (const threads of [0, 257, 1.5, "2"]) {
    assert.is(await codeOf(() => new Kron({ threads: threads as number })), "KRON_OPTION_INVALID");
  }
  assert.is(await codeOf(() => new Kron({ threads: 256 })), "none");
});

test.run();
