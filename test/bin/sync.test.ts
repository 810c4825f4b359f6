/** `kron config print` and `kron sync` as their users run them. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron } from "../../src/index.ts";
import { suite } from "../support/suite.ts";
import { kron, kronJson, type Result, scratchDirectory, silent } from "./command-line.ts";
import { kronBeside } from "./kron-process.ts";

const test = suite("kron sync", 60_000);

interface Place {
  readonly dataDir: string;
  readonly file: string;
}

function place(config: object): Place {
  const directory = scratchDirectory();
  const file = join(directory, "kron.config.json");
  writeFileSync(file, JSON.stringify(config));
  return { dataDir: join(directory, "data"), file };
}

const backup = { cron: "0 3 * * *", timezone: "Europe/Riga", command: ["pg_dump"], env: { PGPASSWORD: "hunter2" } };

function sync({ dataDir, file }: Place, ...more: string[]): Result {
  return kron(["sync", "--config", file, "--data-dir", dataDir, ...more]);
}

const states = ({ dataDir }: Place): string[] =>
  (kronJson(["job", "list", "--data-dir", dataDir]).timers as { id: string; state: string }[]).map(
    ({ id, state }) => `${id} ${state}`,
  );

test("config print shows where each option comes from, and no secrets", () => {
  const { file } = place({ concurrency: 5, drain: "1m", timers: { backup } });
  const shown = kron(["config", "print", "--config", file, "--drain", "10s"], { KRON_CONCURRENCY: "7" });
  assert.is(shown.exitCode, 0, shown.stderr);
  assert.match(shown.stdout, /concurrency\s+7\s+KRON_CONCURRENCY/);
  assert.match(shown.stdout, /drain\s+10s\s+--drain/);
  assert.match(shown.stdout, /durability\s+always\s+default/);
  assert.match(shown.stdout, /backup .*"PGPASSWORD":"\[redacted\]"/);
  assert.not.match(shown.stdout, /hunter2/);
  const json = kronJson(["config", "print", "--config", file]);
  assert.equal((json.options as Record<string, object>).concurrency, {
    value: 5,
    origin: "file",
    place: "concurrency",
  });
});

test("config print tells all that is wrong, in words and as JSON", () => {
  const { file } = place({ concurrensy: 5, timers: { a: { cron: "bad", command: ["x"] } } });
  const told = kron(["config", "print", "--config", file]);
  assert.is(told.exitCode, 2);
  assert.match(told.stderr, /^concurrensy: .*Did you mean concurrency/m);
  assert.match(told.stderr, /^timers\.a\.cron: /m);
  assert.match(told.stderr, /2 problems in /);
  const json = kron(["config", "print", "--config", file, "--json"]);
  assert.is(json.exitCode, 2);
  const { error } = JSON.parse(json.stderr) as { error: { code: string; details: { problems: { path: string }[] } } };
  assert.is(error.code, "KRON_CONFIG_INVALID");
  assert.equal(
    error.details.problems.map(({ path }) => path),
    ["concurrensy", "timers.a.cron"],
  );
});

test("a sync makes, changes and prunes timers, and a doctor finds nothing wrong", () => {
  const at = place({ timers: { backup, poll: { every: "5m", http: "https://example.org/" } } });
  const dry = sync(at, "--dry-run");
  assert.is(dry.exitCode, 0, dry.stderr);
  assert.match(dry.stdout, /create\s+backup\s+0 3 \* \* \* Europe\/Riga/);
  assert.match(dry.stdout, /nothing was changed: 2 create/);
  assert.throws(() => readFileSync(join(at.dataDir, "kron.lock")), /ENOENT/);

  assert.match(sync(at).stdout, /done: 2 create/);
  assert.match(sync(at).stdout, /done: 2 unchanged/);
  const changed = { ...backup, cron: "0 4 * * *", env: { PGPASSWORD: "sesame" } };
  writeFileSync(at.file, JSON.stringify({ timers: { backup: changed } }));
  const update = sync(at);
  assert.match(update.stdout, /update\s+backup\s+cron: "0 3 \* \* \*" → "0 4 \* \* \*"; env\.PGPASSWORD: /);
  assert.match(update.stdout, /keep\s+poll\s+is no longer declared; --prune/);
  assert.not.match(update.stdout, /hunter2|sesame/);
  const json = kronJson(["sync", "--config", at.file, "--data-dir", at.dataDir, "--prune"]);
  assert.equal(json.steps, [
    { kind: "unchanged", id: "backup", adopts: false, isUnsure: false },
    { kind: "prune", id: "poll" },
  ]);
  assert.equal(states(at), ["backup scheduled", "poll cancelled"]);
  assert.is(kron(["doctor", "--data-dir", at.dataDir]).exitCode, 0);
});

test("an empty configuration prunes only with --allow-empty", () => {
  const at = place({ timers: { backup } });
  sync(at);
  writeFileSync(at.file, "{}");
  const refused = sync(at, "--prune");
  assert.is(refused.exitCode, 2);
  assert.match(refused.stderr, /--allow-empty/);
  writeFileSync(at.file, "{");
  assert.is(sync(at, "--prune", "--allow-empty").exitCode, 2, "one that does not load prunes nothing");
  assert.equal(states(at), ["backup scheduled"]);
  writeFileSync(at.file, "{}");
  assert.is(sync(at, "--prune", "--allow-empty").exitCode, 0);
  assert.equal(states(at), ["backup cancelled"]);
});

test("timers of an application are never touched, and a runtime that cannot be asked is not disturbed", async () => {
  const at = place({ timers: { mine: backup } });
  const runtime = new Kron({ dataDir: at.dataDir, logger: silent, ipc: false });
  await runtime.schedule("code", { every: "1h" }, () => undefined);
  await runtime.start();
  const locked = sync(at);
  assert.is(locked.exitCode, 5, locked.stderr);
  await runtime.pause("code");
  await runtime.shutdown();
  assert.is(sync(at, "--prune").exitCode, 0);
  writeFileSync(at.file, JSON.stringify({ timers: { code: backup } }));
  const refused = sync(at, "--prune");
  assert.is(refused.exitCode, 1);
  assert.match(refused.stdout, /refuse\s+code\s+belongs to an application/);
  assert.equal(states(at), ["code paused", "mine scheduled"]);
});

test("a sync keeps a paused timer paused, and accounts for what was due when it cancels", async () => {
  const at = place({ timers: { a: { every: "10ms", overlap: "skip", command: ["true"] }, b: backup } });
  sync(at);
  const runtime = new Kron({ dataDir: at.dataDir, logger: silent });
  await runtime.start();
  await runtime.pause("a");
  await runtime.pause("b");
  await runtime.shutdown();
  writeFileSync(at.file, JSON.stringify({ timers: { b: { ...backup, cron: "0 5 * * *" } } }));
  assert.is(sync(at, "--prune").exitCode, 0);
  assert.equal(states(at), ["a cancelled", "b paused"]);
  const doctor = kron(["doctor", "--data-dir", at.dataDir]);
  assert.is(doctor.exitCode, 0, doctor.stdout);
});

test("beside a runtime a sync goes through it", async () => {
  const at = place({ timers: { backup, poll: { every: "1h", command: ["true"], payload: { n: 1 } } } });
  const runtime = new Kron({ dataDir: at.dataDir, logger: silent });
  await runtime.start();
  try {
    const asked = async (...more: string[]): Promise<Result> =>
      await kronBeside(["sync", "--config", at.file, "--data-dir", at.dataDir, ...more]);
    assert.match((await asked("--dry-run")).stdout, /nothing was changed: 2 create/);
    assert.is((await runtime.list()).length, 0);
    assert.is((await asked("--offline")).exitCode, 5, "the files are not changed behind its back");
    const made = await asked();
    assert.match(made.stdout, /done: 2 create/, made.stderr);
    assert.match((await asked()).stdout, /done: 2 unchanged/);
    writeFileSync(at.file, JSON.stringify({ timers: { backup: { ...backup, cron: "0 9 * * *" } } }));
    assert.match((await asked("--prune")).stdout, /update\s+backup\s+cron: .*\n.*prune\s+poll/);
    const states = (await runtime.list()).map(({ id, state }) => `${id} ${state}`);
    assert.equal(states, ["backup scheduled", "poll cancelled"]);
  } finally {
    await runtime.shutdown();
  }
});

test("the working directory is where a configuration is looked for", () => {
  const directory = scratchDirectory();
  mkdirSync(join(directory, "empty"));
  const none = kron(["sync", "--data-dir", join(directory, "data")], { KRON_HOME: "" });
  assert.is(none.exitCode, 2);
  assert.match(none.stderr, /Expected a configuration in the working directory/);
});

test.run();
