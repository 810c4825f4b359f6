/** Waiting for what is synced, and what an open journal tells of itself. */

import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { journalLimits, profileLimits } from "../../src/journal/limits.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, numbersOf, open, smallLimits, TestClock, testRandom, turns } from "./harness.ts";
import { range } from "./long-journal.ts";

const test = suite("journal durable");
/** Keeps the making of the next segment, and its syncs, out of the picture. */
const oneSegment = { limits: { segmentBytesMin: 1024 * 1024 } };
const everysec = { ...oneSegment, durability: { kind: "everysec" } } as const;

/** Notes in `told` how each wait for an index ends. */
function watch(told: unknown[], index: number, promise: Promise<void>): void {
  promise.then(
    () => told.push(index),
    (error: unknown) => told.push(isKronError(error) ? `${index} ${error.code}` : error),
  );
}

test("synced() resolves once everything up to the index is synced, which may be after its commit", async () => {
  const disk = new SimDisk();
  const { journal, sink, clock } = open(disk, everysec);
  const told: unknown[] = [];
  disk.holdSyncs = true;
  for (const number of [1, 2, 3]) journal.propose(entryOf(number));
  for (const index of [0, 2, 3, 4]) watch(told, index, journal.synced(index));
  await turns();
  equal([told, sink.committedEntries.length], [[0], 3]);
  equal([journal.lastIndex, journal.durableIndex], [3, 0]);
  clock.advance(1000);
  await turns();
  equal(told, [0]);
  disk.releaseSyncs();
  await turns();
  equal(told, [0, 2, 3]);
  equal([journal.lastIndex, journal.durableIndex], [3, 3]);
  journal.propose(entryOf(4));
  await turns();
  clock.advance(1000);
  disk.releaseSyncs();
  await turns();
  equal(told, [0, 2, 3, 4]);
});

test("synced() is also settled by a change of segments and by close()", async () => {
  const disk = new SimDisk();
  const { journal } = open(disk, { durability: { kind: "everysec" } });
  const told: unknown[] = [];
  journal.propose(entryOf(1, 2000));
  await turns();
  watch(told, 1, journal.synced(1));
  journal.propose(entryOf(2, 2000));
  await turns();
  equal(told, [1]);
  watch(told, 2, journal.synced(2));
  watch(told, 3, journal.synced(3));
  await journal.close();
  await turns();
  equal(told, [1, 2, "3 KRON_STOPPED"]);
  watch(told, 2, journal.synced(2));
  watch(told, 4, journal.synced(4));
  await turns();
  equal(told.slice(3), [2, "4 KRON_STOPPED"]);
});

test("synced() rejects when the journal has failed, but not for what was synced before", async () => {
  const disk = new SimDisk();
  const opened = open(disk, everysec);
  const { journal, clock } = opened;
  const told: unknown[] = [];
  await commit(opened, entryOf(1));
  clock.advance(1000);
  await turns();
  await commit(opened, entryOf(2));
  watch(told, 2, journal.synced(2));
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  clock.advance(1000);
  await turns();
  watch(told, 2, journal.synced(2));
  watch(told, 1, journal.synced(1));
  await turns();
  equal(told.sort(), [1, "2 KRON_JOURNAL_FAILED", "2 KRON_JOURNAL_FAILED"]);
  equal([journal.lastIndex, journal.durableIndex], [2, 1]);
  await journal.close();
  watch(told, 3, journal.synced(3));
  await turns();
  is(told.at(-1), "3 KRON_JOURNAL_FAILED", "the failure is why");
});

test("a journal that was not started knows what it recovered, and drops nothing", async () => {
  const disk = new SimDisk();
  await commit(open(disk), entryOf(1), entryOf(2));
  const options = {
    ...({ directory, disk: disk.copy(), clock: new TestClock(), random: testRandom(), profile: "standard" } as const),
    ...({ durability: { kind: "always" }, report: () => undefined, limits: smallLimits } as const),
    acquireLock: () => ({ release: () => undefined }),
  };
  const journal = await openJournal(options, () => undefined);
  const { lastIndex, durableIndex, writtenBytes, segmentCount, bytes } = journal;
  equal([lastIndex, durableIndex, writtenBytes, segmentCount, bytes], [2, 2, 0, 1, 4096]);
  const told: unknown[] = [];
  watch(told, 2, journal.synced(2));
  watch(told, 3, journal.synced(3));
  watch(
    told,
    0,
    journal.dropBefore(1).then(() => undefined),
  );
  await turns();
  equal(told, [2, "3 KRON_NOT_STARTED", "0 KRON_NOT_STARTED"]);
  await journal.close();
});

test("writtenBytes grows with what is written, whole sectors at a time", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  is(opened.journal.writtenBytes, 0);
  await commit(opened, entryOf(1));
  is(opened.journal.writtenBytes, 512);
  await commit(opened, entryOf(2, 1000));
  is(opened.journal.writtenBytes, 512 + 1536);
  await commit(opened, entryOf(3, 10_000));
  is(opened.journal.segmentCount, 2);
  is(opened.journal.bytes, 2560 + disk.contents(`${directory}/kron.aof`).length, "also beyond the allocated bytes");
});

test("journalLimits() takes the other sizes along with a smaller segment", () => {
  equal(journalLimits("standard"), profileLimits.standard);
  equal(journalLimits("edge", {}), profileLimits.edge);
  const kibi = 1024;
  const small = journalLimits("standard", { segmentBytesMax: 64 * kibi });
  equal(
    [small.segmentBytesMin, small.segmentBytesLeast, small.batchBytesMax],
    [64 * kibi, 4 * kibi, 32 * kibi],
    "64 KiB",
  );
  const middle = journalLimits("standard", { segmentBytesMax: 4096 * kibi });
  equal([middle.segmentBytesMin, middle.segmentBytesLeast], [1024 * kibi, 64 * kibi]);
  equal(middle.batchBytesMax, 2048 * kibi);
  const tiny = journalLimits("edge", { segmentBytesMax: 2048 });
  equal([tiny.segmentBytesMin, tiny.segmentBytesLeast], [2048, 1024]);
  const given = { ...smallLimits, batchBytesMax: 700, pendingBytesMax: 900 };
  equal(journalLimits("edge", given), given);
});

test("segments of 64 KiB: many batches, none larger than a segment, and a nearly full disk still takes some", async () => {
  const disk = new SimDisk();
  const segmentBytes = 64 * 1024;
  const limits = { segmentBytesMin: segmentBytes, segmentBytesMax: segmentBytes };
  const opened = open(disk, { limits });
  const { journal, sink, clock } = opened;
  let number = 0;
  for (let round = 0; round < 40; round += 1) {
    for (let more = 0; more < 50; more += 1) {
      number += 1;
      journal.propose(entryOf(number, 900));
    }
    await turns(10);
    clock.advance(2);
  }
  is(sink.committedEntries.length, number);
  const sealed = disk.paths().filter((path) => /[0-9a-f]{16}$/.test(path));
  ok(sealed.length >= 30, String(sealed.length));
  for (const path of sealed) ok(disk.contents(path).length <= segmentBytes, path);
  is(journal.segmentCount, sealed.length + 1);
  disk.freeBytes = 20_000;
  const before = number;
  while (sink.refusedEntries.length === 0 && number < before + 300) {
    number += 1;
    journal.propose(entryOf(number, 900));
    await turns(4);
    clock.advance(2);
  }
  // What is left of the active segment, and most of what the disk had free.
  ok(number > before + 15, `${number - before}`);
  is(sink.failures.length, 0);
  await journal.dropBefore(before);
  equal(numbersOf(open(disk.copy(), { limits }, { index: number - 1, term: 0, uuid: journal.uuid }).replayed), []);
  equal(
    numbersOf(open(disk.copy(), { limits }, { index: before, term: 0, uuid: journal.uuid }).replayed),
    range(before + 1, number - 1),
  );
});

test.run();
