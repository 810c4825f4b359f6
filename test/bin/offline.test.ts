/** The command line on directories whose journal no longer holds its beginning. */

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readDirectory } from "../../bin/commands/read-directory.ts";
import { digest } from "../../src/core/digest.ts";
import { createJournal } from "../../src/journal/create.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { systemClock } from "../../src/system.ts";
import { suite } from "../support/suite.ts";
import { fingerprint, kron, kronJson } from "./command-line.ts";
import { busyRuns, copyOf, damageFile, sealedSegments, snapshotDirectory, snapshotName } from "./snapshot-directory.ts";

const test = suite("offline", 120_000);
const directories = [await snapshotDirectory("lmdb"), await snapshotDirectory("file")];
const look = (directory: string, ...args: string[]): string[] => [...args, "--data-dir", directory];

test("the directories of this test have both generations and lack entry 1", () => {
  for (const directory of directories) {
    const names = nodeDisk.list(directory);
    assert.ok(names.includes(snapshotName(directory)) && names.includes(`${snapshotName(directory)}.1`));
    assert.not(sealedSegments(directory).includes("kron.aof.0000000000000001"));
  }
});

test("job list, status, history and next read the snapshot, and change nothing", () => {
  for (const directory of directories) {
    const before = fingerprint(directory);
    const { timers } = kronJson(look(directory, "job", "list"));
    assert.equal(
      (timers as { id: string; succeededCount: number }[]).map((timer) => [timer.id, timer.succeededCount]),
      [
        ["busy", busyRuns],
        ["flaky", 0],
        ["own", 10],
      ],
    );
    const status = kronJson(look(directory, "job", "status", "flaky")).timer as { payload: string; lastError: object };
    assert.is(status.payload, "p".repeat(1_000));
    assert.is((status.lastError as { message: string }).message, "boom");
    const rows = (id: string): number =>
      (kronJson(look(directory, "job", "history", id, "--limit", "100000")).entries as unknown[]).length;
    // The runtime keeps more than the default, which only its options say; `own` says itself what it keeps.
    assert.equal([rows("busy"), rows("own"), rows("flaky")], [busyRuns, 5, 10]);
    assert.is(kron(look(directory, "job", "next", "busy")).exitCode, 0);
    assert.equal(fingerprint(directory), before);
  }
});

test("with a damaged newest snapshot the older one and the journal give the same", async () => {
  for (const directory of directories) {
    const whole = await readDirectory(directory, nodeDisk, systemClock());
    const copy = copyOf(directory);
    damageFile(join(copy, snapshotName(copy)));
    const rebuilt = await readDirectory(copy, nodeDisk, systemClock());
    assert.equal([whole.snapshot.file?.generation, rebuilt.snapshot.file?.generation], ["newest", "older"]);
    assert.is(digest(rebuilt.state), digest(whole.state));
    for (const { snapshot } of [whole, rebuilt]) await snapshot.file?.store.close();
    const before = fingerprint(copy);
    const { exitCode, stdout, stderr } = kron(look(copy, "job", "history", "busy", "--limit", "2000"));
    assert.is(exitCode, 0);
    assert.is(stdout.split("\n").length, busyRuns + 2);
    assert.match(stderr, /^kron: the newest snapshot cannot be used \(.*\); this comes from the snapshot before it/);
    assert.equal(fingerprint(copy), before);
  }
});

test("without any snapshot that can be used it says what is missing, and leads to 6", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    rmSync(join(copy, snapshotName(copy)));
    assert.is(kron(look(copy, "job", "list")).exitCode, 0, "the older one does");
    damageFile(join(copy, `${snapshotName(directory)}.1`));
    const { exitCode, stdout, stderr } = kron(look(copy, "job", "list"));
    assert.equal([exitCode, stdout], [6, ""]);
    assert.match(
      stderr,
      /Expected a snapshot that holds entries 1 to \d+, .*there is none\nhint: Put the snapshot back/,
    );
  }
});

test("a snapshot of another journal is refused", () => {
  const [lmdb, file] = directories as [string, string];
  const copy = copyOf(lmdb);
  for (const name of ["kron.snapshot", "kron.snapshot.1"]) rmSync(join(copy, name));
  cpSync(join(file, "kron.snapshot.pages"), join(copy, "kron.snapshot.pages"));
  const { exitCode, stderr } = kron(look(copy, "job", "list"));
  assert.is(exitCode, 6);
  assert.match(stderr, /Expected a snapshot of the journal [0-9a-f]{32}, got one of [0-9a-f]{32}/);
});

test("a snapshot with an empty journal behind it is enough", async () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    const { snapshot, reading } = await readDirectory(copy, nodeDisk, systemClock());
    await snapshot.file?.store.close();
    const { uuid, lastIndex } = reading;
    for (const name of nodeDisk.list(copy)) if (/aof|sync/.test(name)) rmSync(join(copy, name));
    createJournal(copy, nodeDisk, { uuid: uuid ?? new Uint8Array(16), firstIndex: lastIndex + 1 });
    assert.is((kronJson(look(copy, "job", "list")).timers as unknown[]).length, 3);
  }
});

test("a journal that begins behind its snapshot shows the state of the snapshot, and leads to 6", async () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    const { snapshot, reading } = await readDirectory(copy, nodeDisk, systemClock());
    await snapshot.file?.store.close();
    const { uuid, lastIndex } = reading;
    for (const name of nodeDisk.list(copy)) if (/aof|sync/.test(name)) rmSync(join(copy, name));
    createJournal(copy, nodeDisk, { uuid: uuid ?? new Uint8Array(16), firstIndex: lastIndex + 5 });
    const { exitCode, stdout, stderr } = kron(look(copy, "job", "list"));
    assert.is(exitCode, 6);
    assert.match(stdout, /^busy /m);
    const missing = `acknowledged entries ${lastIndex + 1} to ${lastIndex + 4} cannot be read`;
    assert.ok(stderr.includes(missing), stderr);
  }
});

test.run();
