/** `kron backup` and `kron restore`, on directories at rest. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { Kron, type KronOptions } from "../../src/index.ts";
import { copyDirectory } from "../support/copy-directory.ts";
import { suite } from "../support/suite.ts";
import {
  exampleDirectory,
  fingerprint,
  kron,
  kronJson,
  lookedAt,
  programPath,
  scratchDirectory,
  silent,
} from "./command-line.ts";

const test = suite("backup", 120_000);

let example = "";
let backupPath = "";

const fresh = (): string => join(scratchDirectory(), "data");
const noop = (): void => undefined;

/** What a person sees of a directory. */
function seen(dataDir: string): string {
  const look = ["--data-dir", dataDir, "--now", lookedAt, "--tz", "UTC"];
  const ids = (kronJson(["job", "list", ...look]).timers as { id: string }[]).map(({ id }) => id);
  const parts = [kron(["job", "list", ...look]), ...ids.map((id) => kron(["job", "history", id, ...look]))];
  return parts.map(({ stdout }) => stdout).join("\n");
}

async function runtime(dataDir: string, options: KronOptions = {}): Promise<Kron> {
  const started = new Kron({ dataDir, logger: silent, ...options });
  await started.start();
  return started;
}

function backUp(dataDir: string, ...more: string[]): string {
  const path = join(scratchDirectory(), "backup");
  const { exitCode, stderr } = kron(["backup", path, "--data-dir", dataDir, ...more]);
  assert.equal([exitCode, stderr], [0, ""]);
  return path;
}

test.before(async () => {
  example = await exampleDirectory();
  backupPath = backUp(example);
});

test("backup writes one private file, says what it holds, and leaves the directory as it is", () => {
  const before = fingerprint(example);
  const path = join(scratchDirectory(), "b");
  const json = kronJson(["backup", path, "--data-dir", example]);
  const sum = spawnSync("sha256sum", [path], { encoding: "utf8" }).stdout.slice(0, 64);
  const { asOfEntry, timers, unfinishedRuns, bytes, sha256, file } = json;
  assert.equal([asOfEntry, timers, unfinishedRuns, file], [33, 6, 0, path]);
  assert.equal([bytes, sha256], [statSync(path).size, sum]);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.equal(readdirSync(dirname(path)), ["b"]);
  assert.equal(fingerprint(example), before);
});

test("a restored directory shows the same timers and history, and doctor finds nothing wrong", () => {
  const dataDir = fresh();
  const { exitCode, stdout, stderr } = kron(["restore", backupPath, "--data-dir", dataDir]);
  assert.is(exitCode, 0, stderr);
  assert.match(
    stdout,
    /^restored: {2}.*\nas of: {5}entry 33, .*\ntimers: {4}6\njournal: {3}[0-9a-f]{32}, in the place of/,
  );
  assert.match(stderr, /^note: this is a copy\. Never run it and the original both/);
  assert.is(seen(dataDir), seen(example));
  assert.is(kronJson(["doctor", "--data-dir", dataDir]).verdict, "ok");
  assert.equal(readdirSync(dirname(dataDir)), ["data"]);
  assert.is(statSync(dataDir).mode & 0o777, 0o700);
  for (const name of readdirSync(dataDir)) assert.is(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
});

test("a restored directory is restored from a backup of itself", () => {
  const first = fresh();
  const second = fresh();
  assert.is(kron(["restore", backupPath, "--data-dir", first]).exitCode, 0);
  assert.is(kron(["restore", backUp(first), "--data-dir", second]).exitCode, 0);
  assert.is(seen(second), seen(example));
});

test("payloads, retries and runs that wait are restored; an attempt under way is found lost", async () => {
  const dataDir = fresh();
  const source = await runtime(dataDir, { orphanGrace: 60_000 });
  const payload = { big: 2n ** 60n, bytes: new Uint8Array([1, 2]), large: "x".repeat(100_000) };
  await source.schedule("endless", { after: 0, payload, retry: { base: "10ms" } }, () => new Promise(noop));
  await new Promise<void>((resolve) => {
    source.on("run", ({ type }) => type === "RUN_STARTED" && resolve());
  });
  const path = join(scratchDirectory(), "b");
  const { unfinishedRuns } = kronJson(["backup", path, "--data-dir", dataDir]);
  assert.is(unfinishedRuns, 1);
  const restored = fresh();
  assert.match(kron(["restore", path, "--data-dir", restored]).stdout, /1 run/);
  const target = new Kron({ dataDir: restored, logger: silent });
  const got = new Promise<{ attempt: number; payload: unknown; fencingToken: number }>((resolve) => {
    void target.schedule("endless", { after: 0, payload, retry: { base: "10ms" } }, (context) => resolve(context));
  });
  await target.start();
  const context = await got;
  assert.is(context.attempt, 2);
  assert.equal(context.payload, payload);
  // The original may have given out more tokens since the backup; none comes twice.
  assert.ok(context.fencingToken > 2 ** 40);
  await target.shutdown();
  const [entry] = (kronJson(["job", "history", "endless", "--data-dir", restored]).entries ?? []) as {
    failures: { outcome: string }[];
  }[];
  assert.is(entry?.failures[0]?.outcome, "LOST");
  assert.is(kronJson(["doctor", "--data-dir", restored]).verdict, "ok");
  await source.shutdown({ timeoutMs: 0 }).catch(noop);
});

test("a backup holds the snapshot of either kind, and the journal behind it", async () => {
  for (const snapshot of ["lmdb", "file"] as const) {
    const dataDir = fresh();
    const source = await runtime(dataDir, { snapshot });
    await source.schedule("kept", { every: "1h", payload: 1 }, noop);
    await source.schedule("changed", { every: "1h", payload: 1 }, noop);
    await source.schedule("cancelled", { every: "1h" }, noop);
    await source.trigger("kept");
    await source.checkpoint();
    await source.schedule("changed", { every: "2h", payload: 2 }, noop);
    await source.cancel("cancelled");
    await source.schedule("new", { cron: "@daily" }, noop);
    const path = backUp(dataDir);
    const list = await source.list();
    await source.shutdown();
    const restored = fresh();
    assert.is(kron(["restore", path, "--data-dir", restored]).exitCode, 0);
    const target = await runtime(restored, { orphanGrace: 60_000 });
    assert.equal(
      (await target.list()).map(({ id, state, definition, payload }) => ({ id, state, definition, payload })),
      list.map(({ id, state, definition, payload }) => ({ id, state, definition, payload })),
    );
    await target.shutdown();
  }
});

test("backup refuses what it must not replace", () => {
  const before = fingerprint(example);
  const directory = scratchDirectory();
  const path = join(directory, "there");
  writeFileSync(path, "precious");
  const cases: [string[], number, RegExp][] = [
    [["-"], 2, /got -: a backup is read back/],
    [[path], 1, /there is a file already\nhint: .*--force/],
    [[directory, "--force"], 1, /Expected a plain file or nothing/],
    [[join(example, "kron.snapshot.pages"), "--force"], 2, /outside of the data directory/],
    [[join(directory, "no", "where")], 3, /Expected a directory/],
    [["/dev/null", "--force"], 1, /Expected a plain file or nothing/],
  ];
  symlinkSync(example, join(directory, "link"));
  cases.push([[join(directory, "link", "kron.aof"), "--force"], 2, /outside of the data directory/]);
  for (const [args, exitCode, expected] of cases) {
    const result = kron(["backup", ...args, "--data-dir", example]);
    assert.equal([result.exitCode, result.stdout], [exitCode, ""], result.stderr);
    assert.match(result.stderr, expected);
  }
  assert.is(readFileSync(path, "utf8"), "precious");
  assert.is(kron(["backup", path, "--data-dir", example, "--force"]).exitCode, 0);
  assert.equal(readdirSync(directory).sort(), ["link", "there"]);
  assert.equal(fingerprint(example), before);
  assert.is(kron(["backup", join(directory, "b"), "--data-dir", join(directory, "nothing")]).exitCode, 3);
});

test("a backup that does not fit leaves nothing behind", () => {
  const directory = scratchDirectory();
  writeFileSync(join(directory, "old"), "precious");
  for (const name of ["b", "old"]) {
    // A limit on the size of files stands for a disk that is full.
    const command = `ulimit -f 4; exec "$0" "$@"`;
    const args = [programPath, "backup", join(directory, name), "--force", "--data-dir", example];
    const { status, stderr } = spawnSync("bash", ["-c", command, process.execPath, ...args], { encoding: "utf8" });
    assert.is(status, 1, stderr);
    assert.match(stderr, /Cannot write/);
  }
  assert.equal(readdirSync(directory), ["old"]);
  assert.is(readFileSync(join(directory, "old"), "utf8"), "precious");
});

test("a directory with damage in its journal is not backed up", () => {
  const dataDir = fresh();
  copyDirectory(example, dataDir);
  for (const name of readdirSync(dataDir)) if (name.startsWith("kron.snapshot")) rmSync(join(dataDir, name));
  const path = join(dataDir, "kron.aof");
  const bytes = readFileSync(path);
  bytes[600] = (bytes[600] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
  const target = join(scratchDirectory(), "b");
  const { exitCode, stderr } = kron(["backup", target, "--data-dir", dataDir]);
  assert.is(exitCode, 6, stderr);
  assert.match(stderr, /no backup was written/);
  assert.equal(readdirSync(dirname(target)), []);
});

test("restore refuses a directory that holds anything, and takes an empty one", () => {
  const before = fingerprint(example);
  const { exitCode, stderr } = kron(["restore", backupPath, "--data-dir", example]);
  assert.is(exitCode, 1);
  assert.match(stderr, /it holds kron\.aof, kron\.lock, kron\.s.*, …\nhint: /);
  assert.equal(fingerprint(example), before);
  const file = join(scratchDirectory(), "file");
  writeFileSync(file, "");
  assert.match(kron(["restore", backupPath, "--data-dir", file]).stderr, /something else is there/);
  const empty = fresh();
  mkdirSync(empty, { mode: 0o755 });
  assert.is(kron(["restore", backupPath, "--data-dir", empty]).exitCode, 0);
  assert.is(statSync(empty).mode & 0o777, 0o700);
  assert.is(seen(empty), seen(example));
});

test("restore refuses whatever is no whole backup, and leaves nothing behind", () => {
  const parent = scratchDirectory();
  const dataDir = join(parent, "data");
  const whole = readFileSync(backupPath);
  const wrong: [string, Buffer][] = [
    ["empty", Buffer.alloc(0)],
    ["text", Buffer.from("hello ".repeat(1_000))],
    ["cut short", whole.subarray(0, -1)],
    ["longer", Buffer.concat([whole, Buffer.alloc(1)])],
    ["half", whole.subarray(0, whole.length / 2)],
  ];
  for (let at = 0; at < whole.length; at += 401) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    wrong.push([`flipped at ${at}`, flipped]);
  }
  const path = join(scratchDirectory(), "b");
  for (const [what, bytes] of wrong) {
    writeFileSync(path, bytes);
    const { exitCode, stderr } = kron(["restore", path, "--data-dir", dataDir]);
    assert.is(exitCode, 6, `${what}: ${stderr}`);
    assert.equal(readdirSync(parent), [], what);
  }
  assert.is(kron(["restore", join(parent, "nowhere"), "--data-dir", dataDir]).exitCode, 3);
  assert.is(kron(["restore", parent, "--data-dir", dataDir]).exitCode, 3);
  assert.equal(readdirSync(parent), []);
});

test("a restore that does not fit leaves nothing behind", () => {
  const parent = scratchDirectory();
  const args = [programPath, "restore", backupPath, "--data-dir", join(parent, "data")];
  const command = `ulimit -f 4; exec "$0" "$@"`;
  const { status, stderr } = spawnSync("bash", ["-c", command, process.execPath, ...args], { encoding: "utf8" });
  assert.ok(status !== 0, stderr);
  assert.equal(readdirSync(parent), []);
});

test("files of the original are foreign to a restored directory", async () => {
  const dataDir = fresh();
  assert.is(kron(["restore", backupPath, "--data-dir", dataDir]).exitCode, 0);
  for (const name of ["kron.aof", "kron.sync"]) {
    const spoiled = fresh();
    copyDirectory(dataDir, spoiled);
    cpSync(join(example, name), join(spoiled, name));
    const target = new Kron({ dataDir: spoiled, logger: silent });
    try {
      await target.start();
      assert.unreachable(name);
    } catch (error) {
      assert.match((error as { code?: string }).code ?? String(error), /KRON_(SNAPSHOT_FOREIGN|JOURNAL_CORRUPT)/, name);
    }
  }
});

test.run();
