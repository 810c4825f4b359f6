/** `kron export` and `kron import`. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron, type ScheduleOptions } from "../../src/index.ts";
import { suite } from "../support/suite.ts";
import { exampleDirectory, fingerprint, kron, kronJson, lookedAt, scratchDirectory, silent } from "./command-line.ts";

const test = suite("transfer", 120_000);

type Line = Record<string, unknown> & { readonly id: string; readonly kind: string };

let example = "";
let exported = "";

const noop = (): void => undefined;
const fresh = (): string => join(scratchDirectory(), "data");
const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
const timersOf = (text: string): Line[] => linesOf(text).filter(({ kind }) => kind === "timer");
const exportOf = (dataDir: string, ...more: string[]): string =>
  kron(["export", "--data-dir", dataDir, ...more]).stdout;

function fileOf(text: string): string {
  const path = join(scratchDirectory(), "export.jsonl");
  writeFileSync(path, text);
  return path;
}

function head(more: object = {}): string {
  return JSON.stringify({ kind: "export", format: 1, ...more });
}

function timer(id: string, options: object, more: object = {}): string {
  return JSON.stringify({ kind: "timer", id, options, ...more });
}

function importText(dataDir: string, text: string, ...more: string[]): ReturnType<typeof kron> {
  return kron(["import", fileOf(text), "--data-dir", dataDir, ...more]);
}

test.before(async () => {
  example = await exampleDirectory();
  exported = exportOf(example);
});

test("export prints a head and the timers sorted by id, and leaves the directory as it is", () => {
  const before = fingerprint(example);
  const { exitCode, stdout, stderr } = kron(["export", "--jsonl", "--data-dir", example, "--now", lookedAt]);
  assert.equal([exitCode, stderr], [0, ""]);
  const [first, ...rest] = linesOf(stdout);
  assert.match(String(first?.source), /^[0-9a-f]{32}$/);
  assert.equal(
    { ...first, source: "" },
    {
      ...{ kind: "export", version: 1, format: 1, source: "", asOfEntry: 33, asOfMs: 1_774_834_200_000 },
      ...{ exportedAtMs: Date.parse(lookedAt), timers: 6, history: false },
    },
  );
  assert.equal(
    rest.map(({ id, status }) => [id, status]),
    [
      ["fixed", "active"],
      ["flaky", "active"],
      ["gone", "cancelled"],
      ["nightly", "active"],
      ["once", "completed"],
      ["paused", "paused"],
    ],
  );
  assert.equal(rest[3], {
    ...{ kind: "timer", id: "nightly", status: "active" },
    options: {
      ...{ cron: "30 3 * * *", timezone: "Europe/Riga", dst: "vixie", dayMatch: "or", overlap: "delay" },
      retry: { maxAttempts: 3, backoff: "exponential", base: 30_000, cap: 3_600_000, jitter: false },
      misfire: { mode: "once", within: 86_400_000 },
      ...{ timeout: 0, grace: 5_000 },
      payload: { count: { $int64: "1" }, bytes: { $bytes: "aGk=" }, text: "ü\u202e" },
    },
    anchorMs: 1_774_735_200_000,
    nextAtMs: Date.parse("2026-03-31T00:30:00Z"),
    createdAtMs: 1_774_735_200_000,
    unfinishedRuns: 0,
  });
  assert.equal(fingerprint(example), before);
});

test("export --history puts the rows of each timer behind it", () => {
  const lines = linesOf(exportOf(example, "--history"));
  const at = lines.findIndex(({ id }) => id === "nightly");
  const rows = lines.slice(at + 1, at + 4);
  assert.equal(
    rows.map(({ kind, timerId, outcome, isManual }) => [kind, timerId, outcome, isManual]),
    [
      ["history", "nightly", "SUCCEEDED", false],
      ["history", "nightly", "SUCCEEDED", true],
      ["history", "nightly", "SUCCEEDED", false],
    ],
  );
  assert.is(rows[0]?.result, "ok");
});

test("import brings every timer with something to do back as it was, and doctor finds nothing wrong", () => {
  const dataDir = fresh();
  const { exitCode, stdout, stderr } = importText(dataDir, exportOf(example, "--history"));
  assert.equal([exitCode, stdout], [0, "imported: 4 created, 0 replaced, 0 skipped\n"]);
  assert.match(stderr, /^note: passed over 2 timers with nothing left .*\nnote: passed over \d+ lines of history: /);
  const kept = (text: string): object[] =>
    timersOf(text)
      .filter(({ status }) => status === "active" || status === "paused")
      .map(({ id, status, options, nextAtMs }) => ({ id, status, options, nextAtMs }));
  assert.equal(kept(exportOf(dataDir)), kept(exported));
  const { verdict } = kronJson(["doctor", "--data-dir", dataDir]);
  assert.is(verdict, "ok");
});

test("import takes standard input, and a runtime finds the timers unchanged", async () => {
  const dataDir = fresh();
  const source = new Kron({ dataDir: fresh(), logger: silent });
  const payload = { when: 2n ** 63n, bytes: new Uint8Array([0, 255]), text: "\u2028", $bytes: "no" };
  const timers: Record<string, ScheduleOptions> = {
    cron: { cron: "H 3 * * *", timezone: "Europe/Riga", payload },
    rate: { every: "1h", overlap: "skip", jitter: { max: "1m", mode: "random" }, payload: { $int64: "7" } },
    delay: { every: "2h", history: { count: 7, age: "1d" } },
    after: { after: "3h", payload: new Uint8Array(300) },
    at: { at: Date.now() + 86_400_000, misfire: { mode: "all", within: "1h", max: 3 } },
    reboot: { cron: "@reboot" },
  };
  await source.start();
  for (const [id, options] of Object.entries(timers)) await source.schedule(id, options, noop);
  await source.pause("rate");
  const nexts = await Promise.all(Object.keys(timers).map((id) => source.nextRuns(id, 3)));
  await source.shutdown();
  const { dataDir: from = "" } = await source.runtime();
  const piped = kron(["import", "--data-dir", dataDir], {}, exportOf(from));
  assert.equal([piped.exitCode, piped.stderr], [0, ""]);
  const target = new Kron({ dataDir, logger: silent });
  await target.start();
  for (const [id, options] of Object.entries(timers)) {
    assert.equal(await target.schedule(id, options, noop), { timerId: id, action: "unchanged" });
  }
  assert.is((await target.status("rate"))?.state, "paused");
  assert.equal(
    await Promise.all(
      Object.keys(timers)
        .filter((id) => id !== "reboot")
        .map((id) => target.nextRuns(id, 3)),
    ),
    nexts.slice(0, -1),
  );
  await target.shutdown();
  assert.is(kronJson(["doctor", "--data-dir", dataDir]).verdict, "ok");
});

test("what became due while it travelled is judged by the misfire policy of the timer", async () => {
  const dataDir = fresh();
  const late = Date.now() - 65 * 60_000;
  const text = [
    head(),
    timer("late", { every: "20m", overlap: "skip", misfire: "skip" }, { nextAtMs: late }),
    timer("once", { after: "1m", misfire: { mode: "once", within: "1d" } }, { anchorMs: late }),
  ].join("\n");
  assert.is(importText(dataDir, text).exitCode, 0);
  const target = new Kron({ dataDir, logger: silent });
  const ended = new Promise<string>((resolve) => {
    void target.schedule("once", { after: "1m", misfire: { mode: "once", within: "1d" } }, () => resolve("ran"));
  });
  await target.schedule("late", { every: "20m", overlap: "skip", misfire: "skip" }, noop);
  await target.start();
  assert.is(await ended, "ran");
  const [missed] = await target.history("late");
  assert.equal([missed?.outcome, missed?.count], ["MISSED", 4]);
  await target.shutdown();
  assert.is(kronJson(["doctor", "--data-dir", dataDir]).verdict, "ok");
});

test("all that is wrong with an import is told with its line, and nothing is changed", () => {
  const dataDir = fresh();
  const wrong: [string, RegExp][] = [
    ["{", /Expected JSON: /],
    ["[]", /an object of JSON/],
    [JSON.stringify({ kind: "run" }), /kind to be "timer" or "history", got "run"/],
    [timer("a", {}), /exactly one of cron, every, after and at, got none/],
    [timer("b", { every: "1h", evry: 1 }), /got "evry" .*Did you mean every/],
    [timer("c", { every: "1h" }, { colour: 1 }), /got "colour"/],
    [timer("", { every: "1h" }), /Expected a timer id/],
    [timer("d", { cron: "61 * * * *" }), /61/],
    [timer("e", { cron: "* * * * *", timezone: "Mars/Base" }), /Mars/],
    [timer("f", { every: "1h" }, { status: "sleeping" }), /status to be one of "active", "paused"/],
    [timer("g", { every: "1h" }, { nextAtMs: -5 }), /nextAtMs to be a whole number/],
    [timer("h", { every: "1h" }, { nextAtMs: 5 }), /nextAtMs to be at least 3600000/],
    [timer("i", { after: "1h" }, { anchorMs: 5, nextAtMs: 6 }), /the one due time, 3600005, got 6/],
    [timer("j", { at: 5 }, { anchorMs: 6 }), /the instant of at, 5, got 6/],
    [timer("k", { after: "1h" }, { anchorMs: 253_402_300_799_999 }), /anchorMs to be at most/],
    [timer("l", { every: "1h", payload: { $int64: "x" } }), /\$int64 in a payload/],
    [`{"kind":"timer","id":"m","options":{"every":"1h","payload":{"__proto__":1}}}`, /payload\.__proto__/],
    [timer("n", { every: "1h" }), /./],
    [timer("n", { every: "2h" }), /line 20 has the same id/],
  ];
  const text = [head(), "", ...wrong.map(([line]) => line)].join("\n");
  const { exitCode, stdout, stderr } = importText(dataDir, text);
  assert.equal([exitCode, stdout], [2, ""]);
  for (const [at, [line, expected]] of wrong.entries()) {
    const told = stderr.split("\n").find((said) => said.startsWith(`line ${at + 3}: `));
    if (line === wrong[17]?.[0]) assert.is(told, undefined);
    else assert.match(told ?? stderr, expected);
  }
  assert.match(stderr, /\nkron: 18 problems in the import, nothing was changed\n$/);
  assert.not(existsSync(dataDir));
  const json = kron(["import", fileOf(text), "--data-dir", dataDir, "--json"]);
  const report = JSON.parse(json.stdout) as { problemCount: number; problems: { line: number }[] };
  assert.equal([json.exitCode, report.problemCount, report.problems[0]?.line], [2, 18, 3]);
});

test("the first 20 problems are listed and the others counted", () => {
  const lines = Array.from({ length: 30 }, (_, n) => timer(`t${n}`, {}));
  const { stderr } = importText(fresh(), [head(), ...lines].join("\n"));
  assert.is(stderr.match(/^line \d+: /gm)?.length, 20);
  assert.match(stderr, /\n… and 10 more\nkron: 30 problems/);
});

test("a file that is no whole export is refused", () => {
  const dataDir = fresh();
  const cases: [string, RegExp][] = [
    ["", /Expected a first line of kind "export", got nothing/],
    [timer("a", { every: "1h" }), /"export" in the first line, got "timer"/],
    [JSON.stringify({ kind: "export", format: 2 }), /format 1/],
    [`${exported.trim().split("\n").slice(0, -1).join("\n")}\n`, /Expected 6 timers, as this line says, got 5/],
    [`${head()}\n${"x".repeat(4 * 1024 * 1024 + 1)}`, /at line 2: it is longer than 4194304 bytes/],
  ];
  for (const [text, expected] of cases) {
    const { exitCode, stderr } = importText(dataDir, text);
    assert.is(exitCode, 2, stderr);
    assert.match(stderr, expected);
  }
  const path = join(scratchDirectory(), "latin1");
  writeFileSync(path, Buffer.from(`${head()}\n{"kind":"timer","id":"\xe4"}`, "latin1"));
  assert.match(kron(["import", path, "--data-dir", dataDir]).stderr, /line 2: it is no UTF-8/);
  const missing = kron(["import", join(scratchDirectory(), "nowhere"), "--data-dir", dataDir]);
  assert.is(missing.exitCode, 3, missing.stderr);
  assert.not(existsSync(dataDir));
});

test("timers that are there already fail an import, are kept, or are replaced", () => {
  const dataDir = fresh();
  assert.is(importText(dataDir, exported).exitCode, 0);
  const before = exportOf(dataDir).split("\n").slice(1).join("\n");
  const more = [
    head(),
    timer("nightly", { cron: "30 3 * * *", timezone: "Europe/Riga", payload: "other" }, { nextAtMs: 5_000 }),
    timer("fixed", { cron: "0 0 * * *" }),
    timer("paused", { every: "1h" }),
    timer("new", { every: "1h" }),
  ].join("\n");
  const failed = importText(dataDir, more);
  assert.is(failed.exitCode, 1);
  assert.match(failed.stderr, /got 3 conflicts: "nightly", "fixed", "paused"; nothing was changed\nhint: /);
  assert.is(exportOf(dataDir).split("\n").slice(1).join("\n"), before);
  const dry = importText(dataDir, more, "--on-conflict", "replace", "--dry-run");
  assert.equal([dry.exitCode, dry.stdout], [0, "would be imported: 1 created, 3 replaced, 0 skipped\n"]);
  assert.is(exportOf(dataDir).split("\n").slice(1).join("\n"), before);
  assert.is(importText(dataDir, more, "--dry-run").exitCode, 1);

  const skipped = importText(dataDir, more, "--on-conflict", "skip");
  assert.is(skipped.stdout, "imported: 1 created, 0 replaced, 3 skipped\n");
  const replaced = importText(dataDir, more, "--on-conflict", "replace");
  assert.is(replaced.stdout, "imported: 0 created, 4 replaced, 0 skipped\n");
  const [fixed, , , nightly, paused] = timersOf(exportOf(dataDir));
  assert.equal((fixed?.options as ScheduleOptions | undefined)?.cron, "0 0 * * *");
  assert.ok((fixed?.nextAtMs as number) > Date.now());
  // The rule is the same, so its due time is kept.
  assert.is((nightly?.options as ScheduleOptions | undefined)?.payload, "other");
  assert.is(nightly?.nextAtMs, Date.parse("2026-03-31T00:30:00Z"));
  assert.is(paused?.status, "active");
  assert.is(kronJson(["doctor", "--data-dir", dataDir]).verdict, "ok");
  assert.is(importText(dataDir, more, "--on-conflict", "merge").exitCode, 2);
});

test("an occurrence that has run here does not run again because of an import", async () => {
  const dataDir = fresh();
  const source = new Kron({ dataDir, logger: silent });
  let runs = 0;
  const ran = new Promise<void>((resolve) => {
    source.on("run", ({ type }) => {
      if (type === "RUN_SUCCEEDED") resolve();
    });
  });
  await source.start();
  const at = Date.now() + 50;
  await source.schedule("once", { at }, () => {
    runs += 1;
  });
  const text = exportOf(dataDir);
  await ran;
  await source.shutdown();
  assert.is(importText(dataDir, text, "--on-conflict", "replace").exitCode, 0);
  const after = [head(), timer("once", { after: 1 }, { anchorMs: at - 1 })].join("\n");
  assert.match(importText(dataDir, after, "--on-conflict", "replace").stdout, /0 replaced, 1 skipped/);
  const target = new Kron({ dataDir, logger: silent });
  await target.start();
  await target.schedule("other", { after: 1 }, noop);
  assert.is((await target.status("once"))?.state, "completed");
  await target.shutdown();
  assert.is(runs, 1);
  assert.is(kronJson(["doctor", "--data-dir", dataDir]).verdict, "ok");
});

test("an import is refused while a runtime holds the directory", async () => {
  const dataDir = fresh();
  const holder = new Kron({ dataDir, logger: silent });
  await holder.start();
  const { exitCode, stderr } = importText(dataDir, [head(), timer("a", { every: "1h" })].join("\n"));
  assert.is(exitCode, 5, stderr);
  assert.is(importText(dataDir, [head(), timer("a", { every: "1h" })].join("\n"), "--dry-run").exitCode, 0);
  await holder.shutdown();
});

test("a hundred thousand timers are imported in seconds, paused ones as paused", () => {
  const dataDir = fresh();
  const lines = Array.from({ length: 100_000 }, (_, n) =>
    timer(`timer-${n}`, { every: "1h", payload: { n } }, { status: n % 10 === 0 ? "paused" : "active" }),
  );
  const startedMs = performance.now();
  const { exitCode, stderr } = importText(dataDir, [head({ timers: 100_000 }), ...lines].join("\n"));
  assert.is(exitCode, 0, stderr);
  assert.ok(performance.now() - startedMs < 20_000);
  const paused = kronJson(["job", "list", "--state", "paused", "--data-dir", dataDir]).timers as { id: string }[];
  assert.is(paused.length, 10_000);
  assert.ok(paused.every(({ id }) => id.endsWith("0")));
  assert.ok(readdirSync(dataDir).includes("kron.aof"));
  assert.ok(readFileSync(join(dataDir, "kron.aof")).length > 0);
});

test("secrets are left out of an export, which says so, and an import refuses the gaps", async () => {
  const dataDir = fresh();
  const runtime = new Kron({ dataDir, logger: silent });
  const headers = { authorization: "Bearer hunter2", accept: "text/plain" };
  const http = { url: "https://example.com/?token=hunter2", headers, body: { n: 1 } };
  await runtime.schedule("request", { every: "1h", http });
  await runtime.schedule("command", { every: "1h", command: ["true"], env: { DB_PASSWORD: "hunter2" } });
  await runtime.schedule("plain", { every: "1h", module: "./job.js" });
  await runtime.start();
  await runtime.shutdown();

  const { stdout, stderr } = kron(["export", "--data-dir", dataDir]);
  assert.not.match(stdout, "hunter2");
  assert.match(stderr, /^note: 2 timers had secrets, which are not in the export; an import refuses such lines/);
  const lines = timersOf(stdout);
  assert.equal(
    lines.map(({ id, redacted }) => [id, redacted]),
    [
      ["command", ["env.DB_PASSWORD"]],
      ["plain", undefined],
      ["request", ["http.url", "http.headers.authorization"]],
    ],
  );
  const refused = importText(fresh(), stdout);
  assert.is(refused.exitCode, 2);
  assert.match(
    refused.stderr,
    /line 2: Expected the secret of env\.DB_PASSWORD, got \[redacted\] in its place \(Fill it in/,
  );
  const filled = importText(fresh(), stdout.replaceAll("[redacted]", "found"));
  assert.is(filled.exitCode, 0, filled.stderr);

  const whole = kron(["export", "--secrets", "--data-dir", dataDir]);
  assert.is(whole.stderr, "");
  assert.is(whole.stdout.split("hunter2").length, 4);
  const copy = fresh();
  assert.is(importText(copy, whole.stdout).exitCode, 0);
  const options = (text: string): unknown[] => timersOf(text).map((line) => line.options);
  assert.equal(options(exportOf(copy, "--secrets")), options(whole.stdout));

  for (const args of [
    ["job", "status", "request"],
    ["job", "status", "command"],
    ["job", "list", "--json"],
    ["log", "dump"],
  ]) {
    const shown = kron([...args, "--data-dir", dataDir]);
    assert.is(shown.exitCode, 0, shown.stderr);
    assert.not.match(shown.stdout, "hunter2");
  }
  assert.match(
    kron(["job", "status", "request", "--data-dir", dataDir]).stdout,
    /\ntarget: {6}POST https:\/\/example\.com\/\?token=\[redacted\]\n/,
  );
  assert.match(kron(["log", "dump", "--data-dir", dataDir]).stdout, /\[redacted\]/);
});

test.run();
