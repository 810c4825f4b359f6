/** What a configuration may say, and that all that is wrong with one is told at once. */

import * as assert from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { Zones } from "../../src/core/zone.ts";
import { defineConfig } from "../../src/index.ts";
import { type CheckedConfig, checkConfig } from "../../src/runtime/config-check.ts";
import type { ConfigProblem } from "../../src/runtime/config-timers.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";

const test = suite("config check");
const zones = new Zones(intlOffsetSource());

type Given = { flags?: Record<string, string>; environment?: Record<string, string> };

function check(exported: unknown, { flags = {}, environment = {} }: Given = {}): CheckedConfig {
  return checkConfig({ file: "/x/kron.config.js", exported, flags, environment }, zones);
}

function problems(exported: unknown, given: Given = {}): readonly ConfigProblem[] {
  try {
    check(exported, given);
  } catch (error) {
    assert.ok(isKronError(error, "KRON_CONFIG_INVALID"), String(error));
    return error.details?.problems as readonly ConfigProblem[];
  }
  return [];
}

const paths = (exported: unknown, given?: Given): string[] => problems(exported, given).map(({ path }) => path);

test("defineConfig() gives its argument back", () => {
  const config = { timers: { backup: { every: "1h", command: ["true"] } } } as const;
  assert.is(defineConfig(config), config);
});

test("checkConfig() takes every option of the runtime that a file can give", () => {
  const { runtime, drainMs, logLevel, name, timezone } = check({
    ...{ dataDir: "d", baseDir: "b", durability: "group:5ms", profile: "edge", concurrency: 2, queueMax: 5 },
    ...{
      checkpoint: { every: "5m" },
      history: { count: 5 },
      logs: { runs: 3 },
      threads: 2,
      snapshot: "file",
      segmentBytes: 65_536,
    },
    ...{ name: "main", timezone: "europe/riga", logLevel: "WARN", drain: "5s", timers: undefined },
  });
  assert.is(Object.keys(runtime).length, 12);
  assert.equal([drainMs, logLevel, name, timezone], [5_000, "warn", "main", "Europe/Riga"]);
  const empty = check(undefined);
  assert.equal([empty.drainMs, empty.logLevel, empty.timezone, empty.timers], [30_000, undefined, undefined, []]);
});

test("flags go before the environment, that before the file", () => {
  const file = { drain: "1s", concurrency: 1, durability: "everysec", timezone: "UTC" };
  const environment = {
    KRON_DRAIN: "2s",
    KRON_CONCURRENCY: "2",
    KRON_TZ: "",
    KRON_LOG_LEVEL: "error",
    KRON_HOME: "/h",
  };
  const config = check(file, { environment, flags: { drain: "3s" } });
  const origins = [...config.layers].map(([option, { origin, place }]) => [option, origin, place]);
  assert.equal(
    origins.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
    [
      ["concurrency", "environment", "KRON_CONCURRENCY"],
      ["dataDir", "environment", "KRON_HOME"],
      ["drain", "flag", "--drain"],
      ["durability", "file", "durability"],
      ["logLevel", "environment", "KRON_LOG_LEVEL"],
      ["timezone", "file", "timezone"],
    ],
  );
  assert.equal([config.drainMs, config.runtime.concurrency, config.runtime.dataDir], [3_000, 2, "/h"]);
});

test("what a flag or a variable has wrong is told by its own name", () => {
  const environment = { KRON_CONCURRENCY: "many", KRON_TZ: "Mars" };
  assert.equal(paths({}, { environment, flags: { drain: "5x", logLevel: "loud" } }).sort(), [
    ...["--drain", "--log-level", "KRON_CONCURRENCY", "KRON_TZ"],
  ]);
});

test("all that is wrong is told at once, each with its path", () => {
  const wrong = {
    concurrensy: 5,
    logger: {},
    checkpoint: { every: "soon" },
    timers: {
      backup: {
        cron: "0 33 * * *",
        command: "pg_dump",
        timezone: "Mars",
        timeout: "5 parsecs",
        retry: { cap: 0, base: 5 },
      },
      "a b": { every: "5s" },
      list: [],
      typo: { evry: "5s", command: ["x"] },
      both: { cron: "bad", every: "5m", http: "ftp://x", module: "./x.js", cwd: "/" },
      shell: { every: "5m", command: "a | b", shell: "yes" },
      fine: { every: "5m", http: "http://x", payload: { n: 1 } },
    },
  };
  const found = problems(wrong);
  const told = new Set(found.map(({ path }) => path));
  for (const path of [
    ...["concurrensy", "logger", "checkpoint.every", "timers.backup.cron", "timers.backup.command"],
    ...["timers.backup.timezone", "timers.backup.timeout", "timers.backup.retry.cap", 'timers["a b"]', "timers.list"],
    ...["timers.typo.evry", "timers.both.cron", "timers.both.module", "timers.both.cwd", "timers.shell.shell"],
  ])
    assert.ok(told.has(path), `${path} of ${[...told].join(" ")}`);
  assert.not(told.has("timers.fine"));
  assert.not(told.has("timers.shell.command"), "a text is right once shell is");
  assert.match(found[0]?.hint ?? "", /concurrency/);
  assert.match(found[1]?.hint ?? "", /new Kron/);
});

test("a timer with a callback, or timers that are no object, are refused", () => {
  assert.match(problems({ timers: { a: { every: "5s" } } })[0]?.message ?? "", /module, command and http, got none/);
  assert.equal(paths({ timers: [] }), ["timers"]);
  assert.equal(paths("x"), ["default"]);
  assert.equal(paths({ timers: { " a": { every: "5s", command: ["x"] } } }), ['timers[" a"]']);
  assert.equal(paths({ timers: { a: { every: "5s", command: ["x"], payload: () => 1 } } }), ["timers.a.payload"]);
});

test("cron timers without a zone of their own get that of the configuration", () => {
  const { timers } = check({
    timezone: "Europe/Riga",
    timers: {
      a: { cron: "@daily", command: ["x"] },
      b: { cron: "@daily", timezone: "UTC", command: ["x"] },
      c: { every: "1h", command: ["x"] },
    },
  });
  const zonesOf = timers.map(({ definition: { schedule } }) => schedule.kind === "cron" && schedule.zone);
  assert.equal(zonesOf, ["Europe/Riga", "UTC", false]);
});

test("one problem is told whole, with its hint", () => {
  try {
    check({ drian: "5s" });
    assert.unreachable();
  } catch (error) {
    assert.ok(isKronError(error, "KRON_CONFIG_INVALID"));
    assert.match(error.message, /^\/x\/kron\.config\.js: drian: Expected an option of a configuration/);
    assert.is(error.hint, "Did you mean drain?");
  }
});

test.run();
