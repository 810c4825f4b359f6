/** Segments made by hand: what a correct writer never writes, and what a later one may. */

import { equal, is } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { packCopy } from "../../src/journal/codec.ts";
import { emptyHeader, type FrameHeader, writeFrame } from "../../src/journal/frame.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { packSegmentHead } from "../../src/journal/segment-head.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { directory, numbersOf, open } from "./harness.ts";

const test = suite("journal format");
const head = { uuid: new Uint8Array(16).fill(5), salt: 0x1234_5678, createdAtMs: 1 };

interface Frame extends Partial<FrameHeader> {
  readonly body?: unknown;
  readonly salt?: number;
}

/** A segment of single-frame batches; `prev` follows by itself unless given. */
function segment(frames: readonly Frame[]): Buffer {
  const bytes = Buffer.alloc(512 * (frames.length + 3));
  bytes.set(packSegmentHead(head), 0);
  let prev = 0;
  frames.forEach(({ body, salt, ...fields }, place) => {
    const header = { ...emptyHeader(), kind: 2, flags: 1, seq: place + 1, durable: 0, prev, ...fields };
    const packed = body instanceof Uint8Array ? body : packCopy(body ?? [1, [1, place + 1]]);
    writeFrame(bytes, 512 * (place + 1), header, packed, salt ?? head.salt);
    prev = header.headerCrc;
  });
  return bytes;
}

function tryOpen(bytes: Uint8Array, name = "kron.aof", sidecar?: Uint8Array): unknown {
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  disk.put(`${directory}/${name}`, bytes);
  if (sidecar !== undefined) disk.put(`${directory}/kron.sync`, sidecar);
  try {
    return numbersOf(open(disk).replayed);
  } catch (error) {
    if (!isKronError(error)) throw error;
    return error.code;
  }
}

test("a segment made by hand reads like any other, without a sidecar too", () => {
  equal(tryOpen(segment([{}, {}, { durable: 2 }])), [1, 2, 3]);
  equal(tryOpen(segment([{ term: 0 }, { term: 3 }, { term: 3 }])), [1, 2, 3]);
});

test("an unknown version, kind, stream or flag with a good checksum is refused, never guessed", () => {
  for (const frame of [
    { version: 2 },
    { version: 0 },
    { kind: 0 },
    { kind: 3 },
    { kind: 99 },
    { stream: 1 },
    { flags: 2 },
    { flags: 1 | 16 },
  ]) {
    is(tryOpen(segment([{}, frame])), "KRON_JOURNAL_VERSION", JSON.stringify(frame));
  }
  const later = segment([]);
  writeFrame(later, 0, { ...emptyHeader(), version: 9, kind: 1 }, new Uint8Array(0), 0);
  is(tryOpen(later), "KRON_JOURNAL_VERSION");
  writeFrame(later, 0, { ...emptyHeader(), kind: 2 }, new Uint8Array(0), 0);
  is(tryOpen(later), "KRON_JOURNAL_VERSION");
  for (const fields of [{ version: 3, kind: 4 }, { kind: 2 }]) {
    const sidecar = new Uint8Array(8192);
    writeFrame(sidecar, 0, { ...emptyHeader(), ...fields }, packCopy([head.uuid, 1]), 0);
    is(tryOpen(segment([{}]), "kron.aof", sidecar), "KRON_JOURNAL_VERSION");
  }
});

test("a head or a slot that is too long or has a bad body is not believed", () => {
  const long = Buffer.alloc(2048);
  writeFrame(long, 0, { ...emptyHeader(), kind: 1 }, new Uint8Array(600), 0);
  is(tryOpen(long), "KRON_JOURNAL_CORRUPT");
  const flipped = segment([{}]);
  flipped[50] = (flipped[50] ?? 0) ^ 1;
  is(tryOpen(flipped), "KRON_JOURNAL_CORRUPT");
  const sidecar = new Uint8Array(8192);
  writeFrame(sidecar, 0, { ...emptyHeader(), kind: 4, durable: 9 }, new Uint8Array(5000), 0);
  equal(tryOpen(segment([{}]), "kron.aof", sidecar), [1], "a slot longer than a slot");
});

test("frames that do not follow one another end the journal where they stand", () => {
  const bad: Frame[] = [
    { seq: 3 },
    { seq: 1 },
    { prev: 1 },
    { term: 0 },
    { durable: 2 },
    { durable: 3 },
    { salt: 0 },
    { body: Uint8Array.of(0xc1) },
    { body: [1, 2] },
  ];
  for (const frame of bad) {
    equal(tryOpen(segment([{ term: 1 }, { term: 1, ...frame }])), [1], JSON.stringify(frame));
  }
});

test("entries that are in a snapshot are not handed on, but what cannot be read of them ends the journal as ever", () => {
  const directoryWith = (frames: readonly Frame[]): SimDisk => {
    const disk = new SimDisk();
    disk.makeDirectory(directory);
    disk.put(`${directory}/kron.aof`, segment(frames));
    return disk;
  };
  const base = { index: 2, term: 0, uuid: head.uuid };
  const good = directoryWith([{}, {}, {}]);
  equal(numbersOf(open(good, {}, base).replayed), [3]);
  const bad = directoryWith([{}, { body: Uint8Array.of(0xc1) }, {}]);
  const { verdict, lastIndex, entries } = readJournal(directory, bad, () => undefined, { base });
  equal([verdict.kind, lastIndex, entries], ["corrupt", 1, 0]);
});

test("what stands behind a bad frame may prove that it had been acknowledged", () => {
  const damaged = segment([{}, {}, { durable: 2 }]);
  damaged[1024] = 0;
  is(tryOpen(damaged), "KRON_JOURNAL_CORRUPT");
  const torn = segment([{}, {}, { durable: 1 }]);
  torn[1024] = 0;
  equal(tryOpen(torn), [1]);
  const headless = segment([{}, {}, { durable: 2 }]).fill(0, 0, 40);
  is(tryOpen(headless), "KRON_JOURNAL_CORRUPT");
});

test("a first segment that does not begin at index 1 means that earlier entries are missing", () => {
  is(tryOpen(segment([{ seq: 7 }])), "KRON_SNAPSHOT_CORRUPT");
  // Without a sidecar only the names say how far back the journal goes: older segments may have been dropped.
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  disk.put(`${directory}/kron.aof.0000000000000007`, segment([{ seq: 7, prev: 12345 }, { seq: 8 }]));
  const { firstIndex, lastIndex, verdict } = readJournal(directory, disk, () => undefined);
  equal([firstIndex, lastIndex, verdict.kind], [7, 8, "clean"]);
});

test("sealed segments hold what their names say, and nothing bad", () => {
  is(tryOpen(segment([{}, { seq: 9 }]), "kron.aof.0000000000000001"), "KRON_JOURNAL_CORRUPT");
  is(tryOpen(segment([]), "kron.aof.0000000000000001"), "KRON_JOURNAL_CORRUPT");
  is(tryOpen(new Uint8Array(4096), "kron.aof.0000000000000001"), "KRON_JOURNAL_CORRUPT");
});

test("a directory of zeros and no sidecar is not taken for an empty journal", () => {
  is(tryOpen(new Uint8Array(4096)), "KRON_JOURNAL_CORRUPT");
  is(tryOpen(new Uint8Array(0)), "KRON_JOURNAL_CORRUPT");
});

test.run();
