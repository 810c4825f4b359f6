/** The plain file on disks that fail: each call once, power loss at each point, and each byte damaged. */

import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { isKronError } from "../../src/core/errors.ts";
import type { SnapshotStore } from "../../src/ports.ts";
import { openFileStore } from "../../src/snapshot/file-store.ts";
import {
  footerBytes,
  hashBytes,
  packEntry,
  packFooter,
  packHeader,
  readIndex,
} from "../../src/snapshot/pages-format.ts";
import { writePages } from "../../src/snapshot/pages-writer.ts";
import { systemClock } from "../../src/system.ts";
import { diskError, SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { dice } from "./damage.ts";
import { bytesOf, pairsOf, put } from "./store-contract.ts";

const test = suite("file store faults", 60_000);
const clock = systemClock();
const path = "/data/kron.snapshot.pages";
const hasCode = (code: string) => (error: unknown) => isKronError(error) && error.code === code;

function newDisk(): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory("/data");
  return disk;
}

function open(disk: SimDisk): Promise<SnapshotStore> {
  return openFileStore(path, { disk, clock });
}

/** A disk with a first state on it, durably. */
async function written(): Promise<SimDisk> {
  const disk = newDisk();
  const store = await open(disk);
  await put(store, { a: "old", b: "old".repeat(500), c: "old" });
  await store.close();
  return disk.copy();
}

const older = { a: "old", b: "old".repeat(500), c: "old" };
const newer = { a: "new", b: "old".repeat(500), d: "new".repeat(400) };

async function change(store: SnapshotStore): Promise<void> {
  await put(store, { a: "new", c: undefined, d: "new".repeat(400) });
}

function contentOf(store: SnapshotStore): Record<string, string> {
  return Object.fromEntries(pairsOf(store));
}

test("each call to the disk that fails once fails the write as a whole, and the next one works", async () => {
  const begun = await written();
  for (const code of ["EIO", "ENOSPC"]) {
    for (let call = 1; ; call += 1) {
      const disk = begun.copy();
      const store = await open(disk);
      const openFiles = disk.openCount;
      disk.failAt = { call: disk.calls + call, code };
      const before = disk.calls;
      let error: unknown;
      await change(store).catch((thrown: unknown) => {
        error = thrown;
      });
      const isOver = disk.calls - before < call;
      disk.failAt = undefined;
      if (error === undefined) deepEqual(contentOf(store), newer, `call ${call}`);
      else {
        // Reading the old file is part of a write, and unreadable places are damage.
        const expected =
          code === "EIO"
            ? ["KRON_SNAPSHOT_FAILED", "KRON_SNAPSHOT_CORRUPT"]
            : ["KRON_DISK_FULL", "KRON_SNAPSHOT_FAILED"];
        ok(isKronError(error) && expected.includes(error.code), `call ${call}: ${error}`);
        deepEqual(contentOf(store), older, `call ${call}`);
        ok(!disk.paths().some((name) => name.endsWith(".next")) || disk.trace.at(-1) === "exists");
        await change(store);
        deepEqual(contentOf(store), newer);
      }
      // A close that fails closes nothing on this disk.
      const failed = disk.trace[before + call - 1];
      if (failed !== "close") equal(disk.openCount, openFiles, `call ${call}: a file was left open by ${failed}`);
      await store.close();
      deepEqual(contentOf(await open(disk)), newer);
      if (isOver) break;
    }
  }
});

test("power loss at any point leaves the old file or the new one", async () => {
  const begun = await written();
  const roll = dice(Number(process.env.KRON_SEED ?? 3));
  const seen = new Set<string>();
  for (let call = 1; ; call += 1) {
    const disk = begun.copy();
    const store = await open(disk);
    const crashed: SimDisk[] = [];
    const start = disk.calls;
    disk.failIf = () => {
      if (disk.calls === start + call && crashed.length === 0) {
        for (const fate of ["new", "old", "garbage", "mixed"] as const) {
          for (const names of ["all", "none", "some"] as const) {
            crashed.push(
              disk.crash({
                sector: () => (fate === "mixed" ? ((["new", "old", "garbage"] as const)[roll(3)] ?? "old") : fate),
                size: () => (roll(2) === 0 ? "new" : "old"),
                names: (count) => (names === "all" ? count : names === "none" ? 0 : roll(count + 1)),
              }),
            );
          }
        }
      }
      return undefined;
    };
    await change(store);
    disk.failIf = undefined;
    await store.close();
    for (const after of crashed) {
      const content = JSON.stringify(contentOf(await open(after)));
      ok(content === JSON.stringify(older) || content === JSON.stringify(newer), `call ${call}: ${content}`);
      seen.add(content);
    }
    if (disk.calls - start < call) break;
  }
  equal(seen.size, 2);
  const disk = begun.copy();
  const store = await open(disk);
  await change(store);
  const after = disk.crash({ sector: () => "old", size: () => "old", names: () => 0 });
  deepEqual(contentOf(await open(after)), newer, "what was acknowledged survives");
});

test("any changed, cut or added byte is found when the file is opened", async () => {
  const begun = await written();
  const bytes = begun.contents(path);
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    begun.put(path, damaged);
    await rejects(open(begun), hasCode("KRON_SNAPSHOT_CORRUPT"));
  }
  for (const other of [Buffer.alloc(0), bytes.subarray(0, 63), bytes.subarray(0, -1), Buffer.concat([bytes, bytes])]) {
    begun.put(path, other);
    await rejects(open(begun), hasCode("KRON_SNAPSHOT_CORRUPT"));
  }
  equal(begun.openCount, 0);
});

/** A file with these parts and a right SHA-256. */
function fileOf(...parts: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]);
}

test("a file of a later version is refused as such, one with a good hash and bad insides as damage", async () => {
  const disk = newDisk();
  const later = packHeader();
  later[8] = 2;
  disk.put(path, fileOf(later, packFooter(16, 0)));
  await rejects(open(disk), hasCode("KRON_SNAPSHOT_VERSION"));
  const entry = packEntry("a", { position: 16, bytes: 8 });
  for (const bad of [
    fileOf(Buffer.alloc(16), packFooter(16, 0)),
    fileOf(packHeader(), packFooter(15, 0)),
    fileOf(packHeader(), packFooter(17, 0)),
    fileOf(packHeader(), packFooter(2 ** 53, 0)),
    fileOf(packHeader(), Buffer.alloc(8), entry, packFooter(24, 0)),
    fileOf(packHeader(), Buffer.alloc(8), entry, packFooter(24, 2)),
  ]) {
    disk.put(path, bad);
    await rejects(open(disk), hasCode("KRON_SNAPSHOT_CORRUPT"));
  }
  disk.put(path, fileOf(packHeader(), packFooter(16, 0)));
  deepEqual(contentOf(await open(disk)), {});
  const of = (...entries: Uint8Array[]): unknown => readIndex(Buffer.concat(entries), 24, entries.length);
  equal(of(packEntry("", { position: 16, bytes: 8 })), "an entry of a wrong size");
  equal(of(packEntry("k".repeat(65), { position: 16, bytes: 8 })), "an entry of a wrong size");
  equal(of(entry, entry), "keys out of order");
  equal(of(packEntry("a", { position: 15, bytes: 8 })), "a value out of place");
  equal(of(packEntry("a", { position: 16, bytes: 7 })), "a value out of place");
  equal(of(packEntry("a", { position: 17, bytes: 8 })), "a value out of place");
  equal(of(packEntry("a", { position: 2 ** 53, bytes: 8 })), "a value out of place");
});

test("a value that rots after the file was opened is reported by itself, and not carried into a copy", async () => {
  const disk = await written();
  const store = await open(disk);
  const bytes = disk.contents(path);
  const at = bytes.indexOf("oldoldold") + 4;
  const handle = disk.openWrite(path, { create: false });
  disk.write(handle, Uint8Array.of(1), at);
  disk.close(handle);
  throws(() => store.get(bytesOf("b")), hasCode("KRON_SNAPSHOT_CORRUPT"));
  throws(() => contentOf(store), hasCode("KRON_SNAPSHOT_CORRUPT"));
  equal(Buffer.from(store.get(bytesOf("a")) ?? []).toString(), "old");
  await rejects(store.copyTo("/data/copy"), hasCode("KRON_SNAPSHOT_CORRUPT"));
  deepEqual(disk.paths(), [path]);
  await put(store, { a: "new" });
  throws(() => store.get(bytesOf("b")), hasCode("KRON_SNAPSHOT_CORRUPT"));
  await store.close();
});

test("a file that cannot be replaced while it is open is closed for that, and opened again when it fails", async () => {
  const disk = await written();
  const store = await open(disk);
  let refusals = 1;
  disk.failIf = (call) => {
    if (call !== "rename" || refusals === 0) return undefined;
    refusals -= 1;
    return "EPERM";
  };
  await change(store);
  deepEqual(contentOf(store), newer);
  for (const code of ["EPERM", "EACCES", "EBUSY"]) {
    disk.failIf = (call) => (call === "rename" ? code : undefined);
    await rejects(put(store, { a: "never" }), hasCode("KRON_SNAPSHOT_FAILED"));
    disk.failIf = undefined;
    deepEqual(contentOf(store), newer);
  }
  await store.close();
  equal(disk.openCount, 0);
});

test("a write goes on failing when whoever fills it carries on after an error of the disk", async () => {
  const disk = await written();
  const store = await open(disk);
  const big = new Uint8Array(300_000);
  const writing = store.write(async (batch) => {
    disk.failAt = { call: disk.calls + 2, code: "ENOSPC" };
    throws(() => batch.put(bytesOf("big"), big), hasCode("KRON_DISK_FULL"));
    batch.put(bytesOf("small"), bytesOf("1"));
  });
  await rejects(writing, hasCode("KRON_DISK_FULL"));
  deepEqual(contentOf(store), older);
  await store.close();
});

test("copyTo() leaves nothing behind when any of its calls fails", async () => {
  const begun = await written();
  for (let call = 1; ; call += 1) {
    const disk = begun.copy();
    const store = await open(disk);
    const before = disk.calls;
    disk.failAt = { call: before + call, code: "ENOSPC" };
    const error = await store.copyTo("/data/copy").then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) ok(isKronError(error), `call ${call}`);
    disk.failAt = undefined;
    ok(!disk.paths().includes("/data/copy.next"), `call ${call}`);
    equal(disk.openCount, 1, `call ${call}`);
    await store.close();
    if (disk.calls - before < call) break;
  }
});

test("writePages() takes pairs from anywhere, in any order, and makes the file whole or not at all", async () => {
  const disk = newDisk();
  async function* pairs(): AsyncGenerator<[Uint8Array, Uint8Array]> {
    for (let index = 700; index >= 0; index -= 1) yield [bytesOf(`k${index % 600}`), Buffer.alloc(3000, `${index}`)];
  }
  await writePages(disk, clock, "/data/backup", pairs());
  deepEqual(disk.paths(), ["/data/backup"]);
  const store = await openFileStore("/data/backup", { disk, clock });
  equal(pairsOf(store).length, 600);
  equal(store.get(bytesOf("k50"))?.[0], "5".charCodeAt(0));
  await store.close();
  const failing = (function* (): Generator<[Uint8Array, Uint8Array]> {
    yield [bytesOf("a"), bytesOf("1")];
    throw new Error("mine");
  })();
  await rejects(writePages(disk, clock, "/data/second", failing), /mine/);
  for (let call = 1; call < 9; call += 1) {
    disk.failAt = { call: disk.calls + call, code: "EIO" };
    await writePages(disk, clock, "/data/third", [[bytesOf("a"), bytesOf("1")]]).catch(() => undefined);
  }
  disk.failAt = undefined;
  ok(disk.paths().every((name) => !name.endsWith(".next")));
  equal(disk.openCount, 0);
});

test("a disk error of no known kind keeps its cause", async () => {
  const disk = newDisk();
  disk.failIf = (call) => (call === "openWrite" ? "EROFS" : undefined);
  const store = await open(disk);
  const error: unknown = await put(store, { a: "1" }).catch((thrown: unknown) => thrown);
  ok(isKronError(error, "KRON_SNAPSHOT_FAILED"));
  equal((error.cause as NodeJS.ErrnoException).code, diskError("EROFS").code);
  equal(footerBytes - hashBytes, 16);
});

test.run();
