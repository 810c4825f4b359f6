/** `kron log compact`, and what the other log commands say of a directory that was compacted. */

import { spawn } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron } from "../../src/index.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { fingerprint, kron, kronJson, scratchDirectory, silent } from "./command-line.ts";
import { busyRuns, copyOf, damageFile, sealedSegments, snapshotDirectory, snapshotName } from "./snapshot-directory.ts";

const test = suite("log-compact", 240_000);
const directories = [await snapshotDirectory("lmdb"), await snapshotDirectory("file")];

interface Sizes {
  readonly segments: number;
  readonly journalBytes: number;
  readonly snapshotBytes: number;
}

const entriesOf = (directory: string): number[] =>
  kron(["log", "dump", "--data-dir", directory])
    .stdout.split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { index: number }).index);

test("log compact drops what it can, keeps every row, and adds no entry", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    const last = (kronJson(["log", "verify", "--data-dir", copy]) as { lastIndex: number }).lastIndex;
    const report = kronJson(["log", "compact", "--data-dir", copy]);
    const { before, after, asOfEntry } = report as unknown as { before: Sizes; after: Sizes; asOfEntry: number };
    assert.is(asOfEntry, last);
    assert.ok(after.journalBytes <= before.journalBytes && after.segments <= before.segments);
    assert.equal([after.segments, sealedSegments(copy)], [1, []]);
    assert.is(snapshotName(copy), snapshotName(directory), "the kind of store stays");
    const verified = kronJson(["log", "verify", "--data-dir", copy]);
    assert.equal([verified.lastIndex, (verified.snapshots as unknown[]).length], [last, 2]);
    const rows = kronJson(["job", "history", "busy", "--limit", "100000", "--data-dir", copy]).entries as unknown[];
    assert.is(rows.length, busyRuns);
    kronJson(["doctor", "--data-dir", copy]);
    assert.match(kron(["log", "compact", "--data-dir", copy]).stdout, /^snapshot: {2}as of entry \d+, and an older/);
  }
});

test("log compact of a journal without a snapshot makes both generations, and a runtime goes on from them", async () => {
  const dataDir = join(scratchDirectory(), "data");
  const runtime = new Kron({ dataDir, logger: silent, keepAlive: false });
  await runtime.schedule("a", { every: "1d" }, () => undefined);
  await runtime.start();
  await runtime.shutdown();
  for (const name of ["kron.snapshot", "kron.snapshot.pages"]) rmSync(join(dataDir, name), { force: true });
  assert.is(kron(["log", "compact", "--data-dir", dataDir]).exitCode, 0);
  assert.equal((kronJson(["doctor", "--data-dir", dataDir]).snapshots as unknown[]).length, 2);
  const again = new Kron({ dataDir, logger: silent, keepAlive: false });
  await again.start();
  assert.equal(
    (await again.list()).map(({ id }) => id),
    ["a"],
  );
  await again.shutdown();
});

test("log compact sets a torn tail aside as a start does, and says so", () => {
  const copy = copyOf(directories[0] ?? "");
  appendFileSync(join(copy, "kron.aof"), new Uint8Array(600).fill(0xab));
  const { exitCode, stderr } = kron(["log", "compact", "--data-dir", copy]);
  assert.is(exitCode, 0, stderr);
  assert.match(stderr, /^note: an unfinished write of .* ended the journal, set aside as .*kron\.aof\.torn-\d+\n$/);
  kronJson(["doctor", "--data-dir", copy]);
});

test("log compact goes on from the older generation, and says so", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    damageFile(join(copy, snapshotName(copy)));
    const { exitCode, stderr } = kron(["log", "compact", "--data-dir", copy]);
    assert.is(exitCode, 0, stderr);
    assert.match(
      stderr,
      /^note: the newest snapshot could not be used and is now .*\.damaged-\d+; it was made anew from/,
    );
    const { notes } = kronJson(["doctor", "--data-dir", copy]) as { notes: { code: string }[] };
    assert.ok(notes.some(({ code }) => code === "set-aside"));
  }
});

test("log compact leaves a directory alone that a runtime holds which is not to be asked", async () => {
  const directory = join(scratchDirectory(), "data");
  const program = repositoryPath("dist/test/bin/live-runtime.js");
  const child = spawn(process.execPath, [program, directory], { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  const { exitCode, stderr } = kron(["log", "compact", "--offline", "--data-dir", directory]);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await ended;
  assert.is(exitCode, 5);
  assert.match(stderr, /but process \d+ holds it\nhint: A runtime compacts by itself/);
});

test("log compact refuses what a start would refuse, and a directory without a journal", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    for (const name of [snapshotName(copy), `${snapshotName(copy)}.1`]) damageFile(join(copy, name));
    assert.is(kron(["log", "compact", "--data-dir", copy]).exitCode, 6);
  }
  const empty = scratchDirectory();
  const before = fingerprint(empty);
  assert.is(kron(["log", "compact", "--data-dir", empty]).exitCode, 3);
  assert.equal(fingerprint(empty), before);
});

test("log dump begins where the journal does, and says what is asked for and no longer there", () => {
  for (const directory of directories) {
    const all = entriesOf(directory);
    const [first = 0] = all;
    assert.ok(first > 1);
    const early = kron(["log", "dump", "--from", "1", "--limit", "1", "--data-dir", directory]);
    assert.is(early.exitCode, 0);
    assert.ok(early.stderr.startsWith(`kron: entries 1 to ${first - 1} are no longer in the journal`), early.stderr);
    const last = all.at(-1) ?? 0;
    const { stdout, stderr } = kron(["log", "dump", "--from", String(last), "--data-dir", directory]);
    assert.equal([stdout.split("\n").length, stderr], [2, ""]);
  }
});

test("log verify finds a damaged snapshot, and a journal that lacks its snapshot", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    damageFile(join(copy, snapshotName(copy)));
    const bad = kron(["log", "verify", "--data-dir", copy]);
    assert.is(bad.exitCode, 6);
    assert.match(bad.stdout, /\nsnapshot: {2}kron\.snapshot[.a-z]*: BAD: /);
    for (const name of [snapshotName(copy), `${snapshotName(copy)}.1`]) rmSync(join(copy, name));
    const missing = kron(["log", "verify", "--data-dir", copy]);
    assert.is(missing.exitCode, 6);
    assert.match(missing.stdout, /\ntogether: {2}Expected a snapshot that holds entries 1 to/);
  }
});

test.run();
