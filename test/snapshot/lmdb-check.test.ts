/** Every fault the checker knows, made by hand in a real file. */

import { doesNotThrow, equal, ok, throws } from "node:assert/strict";
import { isKronError } from "../../src/core/errors.ts";
import { checkLmdbFile } from "../../src/snapshot/lmdb-check.ts";
import { packEmptyFile, readMeta } from "../../src/snapshot/lmdb-format.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { bytesAt } from "./damage.ts";
import { lmdbRig } from "./rigs.ts";
import { bytesOf, put } from "./store-contract.ts";

const test = suite("lmdb check", 60_000);
const pageBytes = 4096;

/** What is wrong with `bytes`, or "healthy". */
function verdict(bytes: Uint8Array): string {
  const disk = new SimDisk();
  disk.put("/file", bytes);
  try {
    checkLmdbFile(disk, "/file");
  } catch (error) {
    if (!isKronError(error, "KRON_SNAPSHOT_CORRUPT")) throw error;
    equal(disk.openCount, 0);
    return error.message;
  }
  return "healthy";
}

/** A file with branches, big values, free pages, and a leaf for each of its trees; made once. */
async function makeWhole(): Promise<Buffer> {
  const rig = lmdbRig();
  const store = await rig.open();
  const keys = Array.from({ length: 300 }, (_, index) => `key ${String(index).padStart(3, "0")}`);
  await put(store, Object.fromEntries(keys.map((key) => [key, key.repeat(20)])));
  await put(store, { "key 007": "big ".repeat(1500), "key 200": "big ".repeat(3000) });
  for (const round of ["1", "2", "3"]) await put(store, { "key 100": round, "key 250": round.repeat(5000) });
  await store.close();
  const bytes = bytesAt(rig.path("kron.snapshot"));
  rig.dispose();
  return bytes;
}

const whole = await makeWhole();
const metaAt = whole.readUInt32LE(152) > whole.readUInt32LE(pageBytes + 152) ? 0 : pageBytes;
const mainRoot = whole.readUInt32LE(metaAt + 136) * pageBytes;
const freeRoot = whole.readUInt32LE(metaAt + 88) * pageBytes;
const nodeAt = (page: number, index: number): number => page + 24 + whole.readUInt16LE(page + 24 + 2 * index);
const leaf = whole.readUInt32LE(nodeAt(mainRoot, 0)) * pageBytes;
const bigNode = nodeAt(leaf, 7);
const bigPage = whole.readUInt32LE(bigNode + 8 + 7) * pageBytes;
const freeNode = nodeAt(freeRoot, 0);

/** The verdict after `change` was made to a copy. */
function after(change: (bytes: Buffer) => void): string {
  const bytes = Buffer.from(whole);
  change(bytes);
  return verdict(bytes);
}

function expectFault(pattern: RegExp, change: (bytes: Buffer) => void): void {
  const found = after(change);
  ok(pattern.test(found), `expected ${pattern}, got ${found}`);
}

test("a healthy file passes, and so does an empty one", () => {
  equal(verdict(whole), "healthy");
  equal(verdict(packEmptyFile(pageBytes)), "healthy");
  equal(whole.readUInt16LE(mainRoot + 18), 1, "the root is a branch");
  equal(whole.readUInt16LE(bigNode + 4), 1, "the value is a big one");
});

test("meta pages", () => {
  equal(typeof readMeta(new DataView(new ArrayBuffer(100)), 0), "string");
  expectFault(/no magic/, (bytes) => bytes.writeUInt8(0, 24));
  expectFault(/data version 3/, (bytes) => bytes.writeUInt8(3, 28));
  expectFault(/header of a meta/, (bytes) => bytes.writeUInt8(2, 0));
  expectFault(/header of a meta/, (bytes) => bytes.writeUInt8(9, pageBytes + 18));
  for (const size of [256, 131_072, 4097]) expectFault(/pages of/, (bytes) => bytes.writeUInt32LE(size, 48));
  expectFault(/flags of the free tree/, (bytes) => bytes.writeUInt16LE(0x400c, metaAt + 52));
  expectFault(/flags of the main tree/, (bytes) => bytes.writeUInt16LE(4, metaAt + 100));
  expectFault(/flags of the main tree/, (bytes) => bytes.writeUInt16LE(4, metaAt + 96));
  for (const at of [63, 111, 151, 159, 143]) {
    expectFault(/numbers in a meta/, (bytes) => bytes.writeUInt8(255, metaAt + at));
  }
  expectFault(/numbers in a meta/, (bytes) => bytes.writeUInt32LE(0, metaAt + 144));
  for (const depth of [0, 33]) expectFault(/numbers in a meta/, (bytes) => bytes.writeUInt16LE(depth, metaAt + 102));
  expectFault(/numbers in a meta/, (bytes) => bytes.writeUInt32LE(1, metaAt + 136));
  expectFault(/numbers in a meta/, (bytes) => bytes.fill(0xff, metaAt + 136, metaAt + 144));
  expectFault(/transactions/, (bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(metaAt + 152) + 2, metaAt + 152));
  expectFault(/transactions/, (bytes) => {
    bytes.writeUInt32LE(8, 152);
    bytes.writeUInt32LE(0, pageBytes + 152);
  });
  const two = packEmptyFile(pageBytes);
  two.set(Uint8Array.of(0, 32), pageBytes + 48);
  ok(/two page sizes/.test(verdict(two)));
});

test("pages and nodes", () => {
  expectFault(/another page stands/, (bytes) => bytes.writeUInt8(1, leaf));
  expectFault(/another kind/, (bytes) => bytes.writeUInt16LE(1, leaf + 18));
  expectFault(/later transaction/, (bytes) => bytes.writeUInt32LE(1000, leaf + 8));
  expectFault(/later transaction/, (bytes) => bytes.fill(0xff, leaf + 8, leaf + 16));
  for (const [at, value] of [
    [20, 3],
    [20, 4094],
    [22, 4074],
  ] as const) {
    expectFault(/bad bounds/, (bytes) => bytes.writeUInt16LE(value, leaf + at));
  }
  expectFault(/without nodes/, (bytes) => bytes.writeUInt16LE(0, leaf + 20));
  for (const start of [0, 4071, whole.readUInt16LE(leaf + 24) + 1]) {
    expectFault(/outside its page/, (bytes) => bytes.writeUInt16LE(start, leaf + 24));
  }
  expectFault(/flags of a node/, (bytes) => bytes.writeUInt16LE(2, bigNode + 4));
  expectFault(/too large/, (bytes) => bytes.writeUInt16LE(5000, nodeAt(leaf, 0)));
  expectFault(/gaps/, (bytes) => bytes.writeUInt16LE(bytes.readUInt16LE(nodeAt(leaf, 0)) - 2, nodeAt(leaf, 0)));
  expectFault(/overlapping|gaps/, (bytes) => bytes.copy(bytes, leaf + 24, leaf + 26, leaf + 28));
  expectFault(/overlapping/, (bytes) => bytes.copy(bytes, leaf + 24, leaf + 28, leaf + 30));
});

test("trees", () => {
  for (const at of [104, 112, 120, 128, 64, 80]) {
    expectFault(/Expected \d+ \w+, got|of the file/, (bytes) =>
      bytes.writeUInt32LE(bytes.readUInt32LE(metaAt + at) + 1, metaAt + at),
    );
  }
  const swapKeys = (page: number, one: number, other: number) => (bytes: Buffer) => {
    bytes.copy(bytes, page + 24 + 2 * one, page + 24 + 2 * other, page + 26 + 2 * other);
    bytes.writeUInt16LE(whole.readUInt16LE(page + 24 + 2 * one), page + 24 + 2 * other);
  };
  expectFault(/keys in order/, swapKeys(leaf, 3, 4));
  expectFault(/keys in order/, swapKeys(mainRoot, 1, 2));
  expectFault(/order from page to page/, (bytes) =>
    bytes.write("zzz", nodeAt(leaf, bytes.readUInt16LE(leaf + 20) / 2 - 1) + 8),
  );
  expectFault(/pages of the file/, (bytes) => bytes.writeUInt32LE(1_000_000, nodeAt(mainRoot, 0)));
  expectFault(/keys in order/, (bytes) =>
    bytes.copy(bytes, nodeAt(mainRoot, 1), nodeAt(mainRoot, 2), nodeAt(mainRoot, 2) + 6),
  );
  expectFault(/sealed with its key/, (bytes) => bytes.write("/", nodeAt(leaf, 0) + 8 + 4));
  expectFault(/no bytes/, (bytes) => {
    const at = nodeAt(leaf, 0);
    const moved = bytes.readUInt16LE(at + 6);
    bytes.writeUInt16LE(0, at + 6);
    bytes.writeUInt32LE(bytes.readUInt32LE(at) + moved, at);
  });
  doesNotThrow(() => verdict(whole));
});

test("big values", () => {
  const data = bigNode + 8 + 7;
  for (const [at, value] of [
    [0, 1],
    [0, 1_000_000],
    [8, 1000],
    [16, 0],
    [16, 1],
  ] as const) {
    expectFault(/on pages of the file/, (bytes) => bytes.writeUInt32LE(value, data + at));
  }
  for (const at of [0, 8, 18, 20]) expectFault(/got another page/, (bytes) => bytes.writeUInt8(99, bigPage + at));
  expectFault(/sealed with its key/, (bytes) => bytes.writeUInt8(bytes.readUInt8(bigPage + 24) ^ 1, bigPage + 24));
});

test("free pages", () => {
  const data = freeNode + 16;
  equal(whole.readUInt16LE(freeNode + 4), 0, "the first list stands in its page");
  const words = whole.readUInt32LE(data);
  ok(words >= 2);
  expectFault(/number of a transaction/, (bytes) => bytes.writeUInt32LE(0, freeNode + 8));
  expectFault(/number of a transaction|in order/, (bytes) => bytes.writeUInt32LE(99, freeNode + 8));
  expectFault(/list of free pages/, (bytes) => bytes.writeUInt32LE(words + 100, data));
  expectFault(/list of free pages/, (bytes) => bytes.writeUInt8(0x7f, data + 7));
  expectFault(
    /in two/,
    (bytes) => bytes.writeUInt32LE(leaf / pageBytes, data + 8) && bytes.fill(0, data + 12, data + 16),
  );
  expectFault(/free pages of the file/, (bytes) => bytes.writeBigInt64LE(1_000_000n, data + 8));
  expectFault(/free pages of the file|numbers of free/, (bytes) => bytes.writeBigInt64LE(-1n, data + 8 * words));
  expectFault(/numbers of free/, (bytes) => bytes.writeBigInt64LE(2n ** 62n, data + 8));
  // A page that is listed nowhere is lost, which harms nobody.
  equal(
    after((bytes) => bytes.fill(0, data + 8, data + 8 + 8 * words)),
    "healthy",
  );
});

test("a file may lack free pages at its end and no others", () => {
  const last = whole.readUInt32LE(metaAt + 144);
  expectFault(/pages, got|of the file|in two|end of|bytes at/, (bytes) => bytes.writeUInt32LE(last + 5, metaAt + 144));
  ok(/bytes at|of the file|pages, got/.test(verdict(whole.subarray(0, whole.length - pageBytes))));
  const data = freeNode + 16;
  const longer = (bytes: Buffer): void => {
    bytes.writeUInt32LE(last + 3, metaAt + 144);
    bytes.fill(0, data + 8, data + 8 + 8 * bytes.readUInt32LE(data));
    bytes.writeBigInt64LE(-3n, data + 8);
    bytes.writeBigInt64LE(BigInt(last + 1), data + 16);
  };
  const bytes = Buffer.from(whole.subarray(0, (last + 1) * pageBytes));
  longer(bytes);
  equal(verdict(bytes), "healthy");
});

test("a reader beside a writer judges again when the file was changed under it", async () => {
  const disk = new SimDisk();
  const broken = Buffer.from(whole);
  broken.writeUInt8(0xff, leaf + 18);
  disk.put("/file", broken);
  let reads = 0;
  const changing = Object.assign(Object.create(disk) as SimDisk, {
    openRead: () => disk.openRead("/file"),
    exists: () => true,
    close: (file: number) => disk.close(file),
    size: (file: number) => disk.size(file),
    read: (_file: number, into: Uint8Array, position: number): number => {
      reads += 1;
      // After both meta pages were read, the next transaction comes.
      const bytes = Buffer.from(whole);
      if (reads > 2) {
        const older = metaAt === 0 ? pageBytes : 0;
        bytes.copy(bytes, older + 40, metaAt + 40, metaAt + 152);
        bytes.writeUInt32LE(whole.readUInt32LE(metaAt + 152) + 1, older + 152);
      } else bytes.set(broken, 0);
      if (reads === 3 && position !== 0) broken.copy(bytes);
      bytes.writeUInt8(reads < 6 ? 0xff : (whole[leaf + 18] ?? 0), leaf + 18);
      const got = bytes.subarray(position, position + into.length);
      into.set(got);
      return got.length;
    },
  });
  const store = openLmdbStore("/file", { disk: changing, readOnly: true });
  equal(store.get(bytesOf("key 001"))?.length, 140);
  reads = 0;
  throws(
    () => openLmdbStore("/file", { disk }),
    (error: unknown) => isKronError(error, "KRON_SNAPSHOT_CORRUPT"),
  );
  await store.close();
});

test.run();
