/** What the doctor says of snapshots: whole, damaged, missing, foreign, and those that say something else. */

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { packCopy, unpackValue } from "../../src/journal/codec.ts";
import { createJournal } from "../../src/journal/create.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { SnapshotStore } from "../../src/ports.ts";
import { openFileStore } from "../../src/snapshot/file-store.ts";
import { allOf, everything, metaKey } from "../../src/snapshot/keys.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";
import { readMeta } from "../../src/snapshot/load.ts";
import { encodeMeta, type SnapshotMeta } from "../../src/snapshot/meta.ts";
import { systemClock } from "../../src/system.ts";
import { suite } from "../support/suite.ts";
import { fingerprint, kronJson } from "./command-line.ts";
import { copyOf, damageFile, snapshotDirectory, snapshotName } from "./snapshot-directory.ts";

const test = suite("doctor-snapshots", 240_000);
const directories = [await snapshotDirectory("lmdb"), await snapshotDirectory("file")];

interface Finding {
  readonly code: string;
  readonly message: string;
}

/** What the doctor found in a directory: the codes of problems, then the whole report. */
function examined(directory: string, problems: readonly string[]): Record<string, unknown> {
  const report = kronJson(["doctor", "--data-dir", directory], problems.length > 0 ? 6 : 0);
  const codes = (report.problems as Finding[]).map(({ code }) => code);
  assert.equal(codes, problems, JSON.stringify(report.problems));
  return report;
}

const noteCodes = (report: Record<string, unknown>): string[] =>
  (report.notes as Finding[]).map(({ code }) => code).filter((code) => code !== "snapshot-in-plain-file");
const messageOf = (report: Record<string, unknown>): string => (report.problems as Finding[])[0]?.message ?? "";
const startOf = (report: Record<string, unknown>): unknown => {
  const { possible, from } = report.start as { possible: boolean; from: string | null };
  return possible ? from : possible;
};

/** Writes to the snapshot in `directory` as a checkpoint would. */
async function rewrite(directory: string, change: (store: SnapshotStore, meta: SnapshotMeta) => Change): Promise<void> {
  const path = join(directory, snapshotName(directory));
  const options = { disk: nodeDisk, clock: systemClock() };
  const store = path.endsWith("pages") ? await openFileStore(path, options) : openLmdbStore(path, options);
  const meta = readMeta(store);
  assert.ok(meta !== undefined);
  const { put = [], remove = [] } = change(store, meta);
  await store.write(async (batch) => {
    for (const [key, value] of put) batch.put(key, value);
    for (const key of remove) batch.remove(key);
  });
  await store.close();
}

interface Change {
  readonly put?: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
  readonly remove?: readonly Uint8Array[];
}

test("a directory that is well is proved from the older generation on, and the newest agrees", () => {
  for (const directory of directories) {
    const before = fingerprint(directory);
    const report = examined(directory, []);
    const { snapshots, replay } = report as unknown as { snapshots: Snapshot[]; replay: Record<string, unknown> };
    const [newest, older] = snapshots;
    assert.equal([newest?.generation, older?.generation], ["newest", "older"]);
    assert.equal([newest?.usable, older?.usable, newest?.error], [true, true, null]);
    assert.ok((newest?.historyRows ?? 0) > 1_500 && (newest?.values ?? 0) > 10);
    assert.equal([replay.behindEntry, replay.snapshotAgrees], [older?.appliedIndex, true]);
    assert.is(startOf(report), "snapshot");
    assert.equal(fingerprint(directory), before);
  }
});

interface Snapshot {
  readonly generation: string;
  readonly usable: boolean;
  readonly error: unknown;
  readonly appliedIndex: number;
  readonly historyRows: number;
  readonly values: number;
}

test("a damaged newest snapshot is a problem that names the way out", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    damageFile(join(copy, snapshotName(copy)));
    const report = examined(copy, ["snapshot-damaged"]);
    assert.match(messageOf(report), /nothing is lost: the next start goes on from the generation before it/);
    assert.is(startOf(report), "older-snapshot");
  }
});

test("a damaged older generation is a problem, and no hindrance", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    damageFile(join(copy, `${snapshotName(copy)}.1`));
    const report = examined(copy, ["older-snapshot-damaged"]);
    assert.match(messageOf(report), /`kron log compact` makes it anew$/);
    assert.is(startOf(report), "snapshot");
  }
});

test("both generations damaged: nothing holds what came before, and no start is possible", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    for (const name of [snapshotName(copy), `${snapshotName(copy)}.1`]) damageFile(join(copy, name));
    const report = examined(copy, ["entries-missing", "snapshot-damaged", "older-snapshot-damaged"]);
    assert.match(messageOf(report), /nothing here that can be used holds entries 1 to \d+: restore a backup/);
    assert.is(startOf(report), false);
  }
});

test("a missing newest snapshot is a problem once the journal needs it", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    rmSync(join(copy, snapshotName(copy)));
    assert.is(startOf(examined(copy, ["snapshot-missing"])), "older-snapshot");
  }
});

test("a snapshot of another journal, or of a newer format, is told from damage", async () => {
  for (const directory of directories) {
    const foreign = copyOf(directory);
    await rewrite(foreign, (_store, meta) => ({
      put: [[metaKey, encodeMeta({ ...meta, uuid: new Uint8Array(16).fill(1) })]],
    }));
    assert.is(startOf(examined(foreign, ["snapshot-foreign"])), false);
    const newer = copyOf(directory);
    await rewrite(newer, (store) => {
      const bytes = store.get(metaKey) ?? new Uint8Array();
      const [, ...fields] = unpackValue(bytes, 0, bytes.length) as unknown[];
      return { put: [[metaKey, packCopy([99, ...fields])]] };
    });
    const report = examined(newer, ["snapshot-version"]);
    assert.match(messageOf(report), /Expected a snapshot of format 1, got format 99/);
    assert.is(startOf(report), "older-snapshot");
  }
});

test("a snapshot that does not hold what the entries lead to is found", async () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    await rewrite(copy, (_store, meta) => ({ put: [[metaKey, encodeMeta({ ...meta, boot: "another" })]] }));
    const report = examined(copy, ["snapshot-differs"]);
    assert.is((report.replay as { snapshotAgrees: boolean }).snapshotAgrees, false);
  }
});

test("history that cannot be decoded, or is not what its index says, is found", async () => {
  for (const directory of directories) {
    const cases: ((chunk: Uint8Array, meta: SnapshotMeta) => Change)[] = [
      (chunk) => ({ put: [[chunk, Uint8Array.of(9, 9, 9)]] }),
      (chunk) => ({ remove: [chunk] }),
      (_chunk, meta) => ({ put: [[metaKey, encodeMeta({ ...meta, historyBytes: meta.historyBytes + 1 })]] }),
    ];
    for (const change of cases) {
      const copy = copyOf(directory);
      await rewrite(copy, (store, meta) => change(firstChunk(store), meta));
      const report = kronJson(["doctor", "--data-dir", copy], 6);
      const codes = new Set((report.problems as Finding[]).map(({ code }) => code));
      assert.equal([...codes], ["history-damaged"]);
      assert.is(startOf(report), "snapshot");
    }
  }
});

function firstChunk(store: SnapshotStore): Uint8Array {
  let first: Uint8Array | undefined;
  store.visit(allOf("history"), (key) => {
    first = new Uint8Array(key);
    return false;
  });
  assert.ok(first !== undefined);
  return first;
}

test("leftovers, what was set aside, and a second kind of snapshot are notes", async () => {
  const [lmdb] = directories as [string, string];
  const copy = copyOf(lmdb);
  for (const name of ["kron.snapshot.next", "kron.snapshot-lock", "kron.snapshot.damaged-17"]) {
    writeFileSync(join(copy, name), "x", { mode: 0o600 });
  }
  const byCode = noteCodes(examined(copy, [])).sort();
  assert.equal(byCode, ["leftover", "leftover", "set-aside"]);
  const both = copyOf(lmdb);
  const older = openLmdbStore(join(both, "kron.snapshot.1"), { disk: nodeDisk, readOnly: true });
  const plain = await openFileStore(join(both, "kron.snapshot.pages"), { disk: nodeDisk, clock: systemClock() });
  await plain.write(async (batch) => {
    older.visit(everything, (key, value) => {
      batch.put(key, value);
      return true;
    });
  });
  const report = examined(both, []);
  assert.equal(noteCodes(report), ["leftover"]);
  assert.is((report.replay as { snapshotAgrees: boolean }).snapshotAgrees, true);
});

test("a journal that ends before the snapshot is a problem, and no start is possible", () => {
  for (const directory of directories) {
    const copy = copyOf(directory);
    rmSync(join(copy, "kron.aof"));
    assert.is(startOf(examined(copy, ["journal-damaged"])), false);
  }
  const [lmdb] = directories as [string, string];
  const copy = copyOf(lmdb);
  // Neither the sidecar nor the active segment says how far the journal went.
  for (const name of ["kron.aof", "kron.sync"]) rmSync(join(copy, name));
  assert.is(startOf(examined(copy, ["journal-behind-snapshot"])), false);
});

test("an older generation that the journal does not go on from is no problem", () => {
  const [lmdb] = directories as [string, string];
  const copy = copyOf(lmdb);
  const last = (kronJson(["log", "verify", "--data-dir", copy]) as { lastIndex: number; uuid: string }).lastIndex;
  const uuid = Buffer.from(kronJson(["log", "verify", "--data-dir", copy]).uuid as string, "hex");
  for (const name of nodeDisk.list(copy)) if (/aof|sync/.test(name)) rmSync(join(copy, name));
  createJournal(copy, nodeDisk, { uuid, firstIndex: last + 1 });
  const report = examined(copy, []);
  assert.equal(noteCodes(report), ["older-snapshot-apart"]);
  assert.is(startOf(report), "snapshot");
});

test.run();
