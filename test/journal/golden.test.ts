/**
 * Old bytes stay readable: a directory written by version 1 of the format is kept under test/golden/journal,
 * and the hex example of docs/journal-format.md is decoded as it stands there. `KRON_WRITE_GOLDEN=1` writes
 * the files anew; do that only together with a new format version, beside the old ones.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { equal, is, ok } from "uvu/assert";
import type { Entry } from "../../src/core/record.ts";
import { unpackEntry } from "../../src/journal/codec.ts";
import { crc32 } from "../../src/journal/crc32.ts";
import { emptyHeader, frameHeaderBytes, readHeader } from "../../src/journal/frame.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, looseEntry, open } from "./harness.ts";

const test = suite("journal golden files");
const golden = join("test", "golden", "journal", "v1");
const document = join("docs", "journal-format.md");

const entries: Entry[] = [
  looseEntry(1_750_000_000_000, [1, 1, "backup"], [2, 1, 1_750_000_060_000]),
  looseEntry(1_750_000_000_001, [
    3,
    1,
    null,
    true,
    -1.5,
    { note: "příliš žluťoučký", at: new Date(1_750_000_000_500) },
  ]),
  looseEntry(1_750_000_000_002, [4, 2, Buffer.alloc(900, 0x5a), 2n ** 60n]),
  looseEntry(1_750_000_000_003, [5, 3, [[], {}], 65_536, -32_769]),
];

async function write(): Promise<SimDisk> {
  const disk = new SimDisk();
  const opened = open(disk, { limits: { segmentBytesMin: 2048, segmentBytesMax: 2048 } });
  await commit(opened, ...entries.slice(0, 2));
  for (const entry of entries.slice(2)) await commit(opened, entry);
  await opened.journal.close();
  return disk;
}

test("a directory of format version 1 reads as it was written", async () => {
  if (process.env.KRON_WRITE_GOLDEN === "1") {
    const disk = await write();
    mkdirSync(golden, { recursive: true });
    for (const path of disk.paths()) writeFileSync(join(golden, basename(path)), disk.contents(path));
  }
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  const names = readdirSync(golden);
  for (const name of names) disk.put(join(directory, name), readFileSync(join(golden, name)));
  equal(names.sort(), ["kron.aof", "kron.aof.0000000000000001", "kron.sync"]);
  const found: Entry[] = [];
  const reading = readJournal(directory, disk, (_index, _term, entry) => found.push(entry));
  equal(reading.verdict, { kind: "clean" });
  equal(found, entries);
  equal(open(disk).replayed, entries);
});

test("today's code still writes those very bytes", async () => {
  const disk = await write();
  for (const path of disk.paths()) {
    ok(disk.contents(path).equals(readFileSync(join(golden, basename(path)))), path);
  }
});

/** The bytes of the example blocks in the document: lines of an offset and then hex. */
function exampleBytes(): Buffer {
  const lines = readFileSync(document, "utf8").split("\n");
  const hex = lines.flatMap((line) => /^[0-9a-f]{4} {2}((?:[0-9a-f]{2} ?)+)/.exec(line)?.[1] ?? []);
  return Buffer.from(hex.join("").replaceAll(" ", ""), "hex");
}

test("the example in docs/journal-format.md decodes to what the document says", () => {
  const bytes = exampleBytes();
  is(bytes.length, 144, "the segment head and one entry");
  const head = emptyHeader();
  is(readHeader(bytes, 0, head, 0), undefined);
  is(head.kind, 1);
  const salt = head.prev;
  const header = emptyHeader();
  is(readHeader(bytes, 72, header, salt), undefined);
  is(header.kind, 2);
  is(header.seq, 1);
  is(header.flags, 0);
  const bodyAt = 72 + frameHeaderBytes;
  is(crc32(bytes, bodyAt, bytes.length), header.bodyCrc);
  equal(unpackEntry(bytes, bodyAt, bodyAt + header.bodyBytes), entries[0]);
  const sealed = readFileSync(join(golden, "kron.aof.0000000000000001"));
  ok(bytes.subarray(0, 72).equals(sealed.subarray(0, 72)), "it is the golden file's head");
  ok(bytes.subarray(72).equals(sealed.subarray(512, 584)), "and its first entry");
});

test.run();
