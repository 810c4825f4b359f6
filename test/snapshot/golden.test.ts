/**
 * Old bytes stay readable: a plain file of format 1 is kept under test/golden/snapshot, and the hex example of
 * docs/snapshot-format.md is decoded as it stands there. `KRON_WRITE_GOLDEN=1` writes the file anew; do that only
 * together with a new format version, beside the old one.
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openFileStore } from "../../src/snapshot/file-store.ts";
import { writePages } from "../../src/snapshot/pages-writer.ts";
import { systemClock } from "../../src/system.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { bytesOf, pairsOf } from "./store-contract.ts";

const test = suite("snapshot golden files");
const golden = join("test", "golden", "snapshot", "v1", "kron.snapshot.pages");
const document = join("docs", "snapshot-format.md");
const clock = systemClock();

const pairs: [string, string][] = [
  ["a", "one"],
  ["b\x00", ""],
  ["b\x00\x01", "\x00\xff".repeat(1000)],
  ["\xfe".repeat(64), "the longest key"],
];

/** What a file holds. */
async function read(bytes: Uint8Array): Promise<[string, string][]> {
  const disk = new SimDisk();
  disk.put("/file", bytes);
  const store = await openFileStore("/file", { disk, clock });
  const found = pairsOf(store);
  await store.close();
  return found;
}

/** The file that today's code makes of `contents`. */
async function write(contents: readonly [string, string][]): Promise<Buffer> {
  const disk = new SimDisk();
  await writePages(
    disk,
    clock,
    "/file",
    contents.map(([key, value]) => [bytesOf(key), bytesOf(value)] as const),
  );
  return disk.contents("/file");
}

test("a plain file of format 1 reads as it was written, and today's code writes those very bytes", async () => {
  if (process.env.KRON_WRITE_GOLDEN === "1") {
    mkdirSync(dirname(golden), { recursive: true });
    writeFileSync(golden, await write(pairs));
  }
  const bytes = readFileSync(golden);
  deepEqual(await read(bytes), pairs);
  ok((await write(pairs)).equals(bytes));
});

test("the example in docs/snapshot-format.md decodes to what the document says", async () => {
  const lines = readFileSync(document, "utf8").split("\n");
  const hex = lines.flatMap((line) => /^[0-9a-f]{4} {2}((?:[0-9a-f]{2} ?)+)/.exec(line)?.[1] ?? []);
  const bytes = Buffer.from(hex.join("").replaceAll(" ", ""), "hex");
  const example: [string, string][] = [
    ["key", "value"],
    ["one", "1"],
  ];
  ok((await write(example)).equals(bytes), (await write(example)).toString("hex"));
  deepEqual(await read(bytes), example);
  equal(bytes.length, 118);
});

test.run();
