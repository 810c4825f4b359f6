/** LMDB stores on disks that are full or fail, damaged values, and readers beside a writer. */

import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { isKronError } from "../../src/core/errors.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Disk, SnapshotStore } from "../../src/ports.ts";
import { isDiskTrouble, lmdbFailure } from "../../src/snapshot/lmdb-failure.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";
import { suite } from "../support/suite.ts";
import { lmdbRig, temporaryDirectory } from "./rigs.ts";
import { bytesOf, pairsOf, put } from "./store-contract.ts";

const test = suite("lmdb trouble");
const hasCode = (code: string) => (error: unknown) => isKronError(error) && error.code === code;

function open(path: string, disk: Disk = nodeDisk): SnapshotStore {
  return openLmdbStore(path, { disk });
}

test("files are for their owner only, and nothing else is left beside the store", async () => {
  const { directory, dispose } = temporaryDirectory();
  const path = join(directory, "kron.snapshot");
  const store = open(path);
  await put(store, { a: "1" });
  await put(store, { b: "2" });
  await store.copyTo(`${path}.1`);
  deepEqual(readdirSync(directory).sort(), ["kron.snapshot", "kron.snapshot.1"]);
  equal(statSync(path).mode & 0o777, 0o600);
  equal(statSync(`${path}.1`).mode & 0o777, 0o600);
  await store.close();
  dispose();
});

test("one damaged value is reported as such, the others read as before", async () => {
  const rig = lmdbRig();
  const store = await rig.open();
  await put(store, { a: "1", big: "value ".repeat(2000), small: "needle", z: "2" });
  await store.close();
  for (const [needle, key, other] of [
    ["needle", "small", "big"],
    ["value value", "big", "small"],
  ] as const) {
    const bytes = rig.readFile();
    const at = bytes.lastIndexOf(needle) + 3;
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    rig.writeFile(damaged);
    const again = await rig.open();
    throws(() => again.get(bytesOf(key)), hasCode("KRON_SNAPSHOT_CORRUPT"));
    throws(() => pairsOf(again), hasCode("KRON_SNAPSHOT_CORRUPT"));
    ok(again.get(bytesOf(other)));
    deepEqual(pairsOf(again, "a", "b"), [["a", "1"]]);
    await put(again, { [key]: "new" });
    equal(Buffer.from(again.get(bytesOf(key)) ?? []).toString(), "new");
    await again.close();
    rig.writeFile(bytes);
  }
  rig.dispose();
});

test("a damaged key is found when the store is opened", async () => {
  const rig = lmdbRig();
  const store = await rig.open();
  await put(store, { ordinary: "1", special: "x".repeat(5000) });
  await store.close();
  const bytes = rig.readFile();
  const at = bytes.lastIndexOf("special");
  bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 4;
  rig.writeFile(bytes);
  await rejects(rig.open(), hasCode("KRON_SNAPSHOT_CORRUPT"));
  rig.dispose();
});

test("files that are none of ours are refused: empty, short, garbage, another version", async () => {
  const rig = lmdbRig();
  const store = await rig.open();
  await put(store, { a: "1" });
  await store.close();
  const whole = rig.readFile();
  const version = Buffer.from(whole);
  version.writeUInt32LE(1, 28);
  for (const bytes of [
    Buffer.alloc(0),
    whole.subarray(0, 100),
    whole.subarray(0, 4096),
    whole.subarray(0, 8192),
    Buffer.alloc(8192, 7),
    Buffer.alloc(8192),
    version,
  ]) {
    rig.writeFile(bytes);
    await rejects(rig.open(), hasCode("KRON_SNAPSHOT_CORRUPT"));
  }
  rig.dispose();
});

test("a reader without the lock sees one state, is told when it is gone, and writes nothing", async () => {
  const { directory, dispose } = temporaryDirectory();
  const path = join(directory, "kron.snapshot");
  const writer = open(path);
  await put(writer, { a: "1".repeat(5000), b: "2" });
  const reader = openLmdbStore(path, { disk: nodeDisk, readOnly: true });
  const before = readdirSync(directory);
  equal(pairsOf(reader).length, 2);
  await put(writer, { a: "changed".repeat(1000), c: "3" });
  equal(reader.get(bytesOf("a"))?.length, 5000);
  equal(reader.get(bytesOf("c")), undefined);
  const reasons = new Set<unknown>();
  for (let round = 0; round < 4; round += 1) {
    await put(writer, { a: `${round}`.repeat(6000), b: `${round}` });
    try {
      equal(pairsOf(reader).length, 2);
    } catch (error) {
      reasons.add(isKronError(error) && error.code);
    }
  }
  deepEqual([...reasons], ["KRON_SNAPSHOT_FAILED"]);
  await rejects(put(reader, { a: "no" }), hasCode("KRON_SNAPSHOT_FAILED"));
  await rejects(reader.copyTo(`${path}.1`), hasCode("KRON_SNAPSHOT_FAILED"));
  deepEqual(readdirSync(directory), before);
  await reader.close();
  await writer.close();
  dispose();
});

test("a write that LMDB refuses rejects, changes nothing, and the next one works", async () => {
  const { directory, dispose } = temporaryDirectory();
  const path = join(directory, "kron.snapshot");
  let isLockHidden = false;
  const disk: Disk = { ...nodeDisk, exists: (at) => !(isLockHidden && at.endsWith("-lock")) && nodeDisk.exists(at) };
  const store = open(path, disk);
  // A folder where LMDB wants its lock file.
  const obstacles = [`${path}.next-lock`, `${path}-lock`];
  for (const obstacle of obstacles) {
    mkdirSync(obstacle);
    isLockHidden = true;
    await rejects(put(store, { a: "2", b: "2" }), hasCode("KRON_SNAPSHOT_FAILED"));
    isLockHidden = false;
    spawnSync("rmdir", [obstacle]);
    const state = pairsOf(store);
    await put(store, { a: "1" });
    deepEqual(state, obstacle === obstacles[0] ? [] : [["a", "1"]]);
  }
  deepEqual(pairsOf(store), [["a", "1"]]);
  deepEqual(readdirSync(directory), ["kron.snapshot"]);
  await store.close();
  dispose();
});

test("copies that cannot be made leave nothing behind", async () => {
  const { directory, dispose } = temporaryDirectory();
  const path = join(directory, "kron.snapshot");
  const store = open(path);
  await put(store, { a: "1" });
  await rejects(store.copyTo(join(directory, "missing", "copy")), hasCode("KRON_SNAPSHOT_FAILED"));
  mkdirSync(join(directory, "taken"));
  await rejects(store.copyTo(join(directory, "taken")), hasCode("KRON_SNAPSHOT_FAILED"));
  deepEqual(readdirSync(directory).sort(), ["kron.snapshot", "taken"]);
  await store.close();
  dispose();
});

test("unreadable places of a disk count as damage, other errors do not", async () => {
  const rig = lmdbRig();
  const store = await rig.open();
  await put(store, { a: "1" });
  await store.close();
  const path = rig.path("kron.snapshot");
  for (const [code, expected] of [
    ["EIO", "KRON_SNAPSHOT_CORRUPT"],
    ["EACCES", "KRON_SNAPSHOT_FAILED"],
  ] as const) {
    const fail = (): never => {
      throw Object.assign(new Error(code), { code });
    };
    throws(() => open(path, { ...nodeDisk, openRead: fail }), hasCode(expected));
    throws(() => open(path, { ...nodeDisk, read: fail }), hasCode(expected));
  }
  rig.dispose();
});

test("what LMDB reports becomes a full disk or a failed snapshot", () => {
  const { ENOSPC, EDQUOT, EIO, EINVAL } = constants.errno;
  const path = join(temporary, "kron.snapshot");
  const codeOf = (code: number | undefined): string => lmdbFailure(path, { kind: "failed", message: "m", code }).code;
  deepEqual([ENOSPC, EDQUOT, -30792].map(codeOf), Array(3).fill("KRON_DISK_FULL"));
  deepEqual([EIO, EINVAL, -30781, undefined].map(codeOf), Array(4).fill("KRON_SNAPSHOT_FAILED"));
  const missing = { kind: "unavailable", reason: "no binary" } as const;
  equal(lmdbFailure(path, missing).code, "KRON_SNAPSHOT_FAILED");
  const isTrouble = (code: number): boolean => isDiskTrouble({ kind: "failed", message: "m", code });
  deepEqual([ENOSPC, EDQUOT, EIO, EINVAL].map(isTrouble), [true, true, true, false]);
  equal(isDiskTrouble(missing), false);
});

const temporary = dirname(process.execPath);
const full = temporaryDirectory();
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", full.directory]).status === 0;

async function onFullDisk(): Promise<void> {
  const path = join(full.directory, "kron.snapshot");
  const tooMuch = (store: SnapshotStore): Promise<void> =>
    put(store, Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`k${index}`, "x".repeat(3000)])));
  const store = open(path);
  await rejects(tooMuch(store), hasCode("KRON_DISK_FULL"));
  deepEqual(readdirSync(full.directory), []);
  await put(store, { a: "1", b: "y".repeat(100_000) });
  for (let time = 0; time < 3; time += 1) {
    await rejects(tooMuch(store), hasCode("KRON_DISK_FULL"));
    deepEqual(pairsOf(store, "a", "b"), [["a", "1"]]);
    ok(statfsSync(full.directory).bavail > 600, "the space of the failed write is given back");
  }
  await put(store, { c: "3" });
  await store.copyTo(`${path}.1`);
  writeFileSync(join(full.directory, "filler"), Buffer.alloc(statfsSync(full.directory).bavail * 4096));
  await rejects(put(store, { d: "z".repeat(50_000) }), hasCode("KRON_DISK_FULL"));
  await rejects(store.copyTo(`${path}.1`), hasCode("KRON_DISK_FULL"));
  deepEqual(pairsOf(store, "c", "e"), [["c", "3"]]);
  spawnSync("rm", [join(full.directory, "filler")]);
  await put(store, { d: "4" });
  await store.close();
  const again = open(path);
  equal(pairsOf(again).length, 4);
  await again.close();
  equal(readFileSync(`${path}.1`).subarray(24, 28).toString("hex"), "dec0efbe");
}

if (mounted) {
  test("on a full disk a write rejects with KRON_DISK_FULL, reads go on, and it works again with space", async () => {
    try {
      await onFullDisk();
    } finally {
      spawnSync("umount", [full.directory]);
      full.dispose();
    }
  });
} else {
  full.dispose();
  test.skip("on a full disk", "a file system can only be mounted by root");
}

test.run();
