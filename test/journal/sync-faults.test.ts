/** Syncs that fail, or take long, beside each other and beside the writing that goes on. */

import { equal, is, ok } from "uvu/assert";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, numbersOf, open, turns } from "./harness.ts";

const test = suite("journal sync faults");
/** Keeps the making of the next segment, and its syncs, out of the picture. */
const oneSegment = { limits: { segmentBytesMin: 1024 * 1024 } };

test("everysec: a sync that fails at a change of segments is final", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk, { durability: { kind: "everysec" } });
  journal.propose(entryOf(1, 2000));
  await turns();
  disk.failIf = (call, path) => (call === "syncDataNow" && path === `${directory}/kron.aof` ? "EIO" : undefined);
  journal.propose(entryOf(2, 2000));
  await turns();
  is(sink.failures.length, 1);
  is(sink.committedEntries.length, 1);
  await journal.close();
});

test("a sync of a prepared segment that fails once the segment is in use is final", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk, { durability: { kind: "everysec" } });
  disk.holdSyncs = true;
  journal.propose(entryOf(1, 2000));
  await turns();
  is(disk.heldCount, 1);
  journal.propose(entryOf(2, 2000));
  await turns();
  is(sink.committedEntries.length, 2);
  disk.failIf = (call, path) => (call === "syncData" && path.endsWith(".next") ? "EIO" : undefined);
  disk.releaseSyncs();
  is(sink.failures.length, 1);
  await journal.close();
});

test("close() that began before a sync of the sidecar fails comes to its end", async () => {
  const disk = new SimDisk();
  const opened = open(disk, oneSegment);
  await commit(opened, entryOf(1));
  disk.holdSyncs = true;
  opened.clock.advance(300);
  is(disk.heldCount, 1);
  const closing = opened.journal.close();
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  disk.releaseSyncs();
  is(opened.sink.failures.length, 1);
  await closing;
});

test("of two syncs that fail, one is told of", async () => {
  const disk = new SimDisk();
  const opened = open(disk, oneSegment);
  await commit(opened, entryOf(1));
  disk.holdSyncs = true;
  opened.journal.propose(entryOf(2));
  await turns();
  // In the quiet the sidecar is synced as well, while the journal's own sync is still under way.
  opened.clock.advance(300);
  is(disk.heldCount, 2);
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  disk.releaseSyncs();
  is(opened.sink.failures.length, 1);
  is(opened.sink.committedEntries.length, 1);
  await opened.journal.close();
});

test("a sync of the sidecar that fails while entries gather ends the gathering", async () => {
  const disk = new SimDisk();
  const { journal, sink, clock } = open(disk, { ...oneSegment, durability: { kind: "group", ms: 20 } });
  journal.propose(entryOf(1));
  clock.advance(20);
  await turns();
  is(sink.committedEntries.length, 1);
  disk.holdSyncs = true;
  clock.advance(300);
  is(disk.heldCount, 1);
  journal.propose(entryOf(2));
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  disk.releaseSyncs();
  is(sink.failures.length, 1);
  is(clock.waitCount, 0);
  clock.advance(100);
  await turns();
  equal(numbersOf(sink.committedEntries.map(([, , entry]) => entry)), [1]);
  equal(numbersOf(open(disk.copy()).replayed), [1], "what had gathered was never written");
});

test("everysec: a batch that needs the next segment waits for the sync of this one", async () => {
  const disk = new SimDisk();
  const { journal, sink, clock } = open(disk, { durability: { kind: "everysec" } });
  journal.propose(entryOf(1, 500));
  await turns();
  disk.holdSyncs = true;
  clock.advance(1000);
  journal.propose(entryOf(2, 5000));
  await turns();
  is(sink.committedEntries.length, 1);
  disk.holdSyncs = false;
  disk.releaseSyncs();
  await turns();
  is(sink.committedEntries.length, 2);
  equal(numbersOf(open(disk.copy()).replayed), [1, 2]);
});

test("everysec: all that gathered in one turn is written without a sync between", async () => {
  const disk = new SimDisk();
  const limits = { ...oneSegment.limits, batchBytesMax: 600 };
  const { journal, sink } = open(disk, { limits, durability: { kind: "everysec" } });
  disk.holdSyncs = true;
  for (let number = 1; number <= 9; number += 1) journal.propose(entryOf(number, 200));
  await turns();
  is(sink.committedEntries.length, 9);
  ok(sink.settledCount > 1);
  is(disk.heldCount, 0);
});

test("everysec: what a change of segments synced is not synced again", async () => {
  const disk = new SimDisk();
  const { journal, sink, clock } = open(disk, { durability: { kind: "everysec" } });
  journal.propose(entryOf(1, 2000));
  await turns();
  const path = `${directory}/kron.aof`;
  disk.failIf = (call, at) => (call === "write" && at === path ? "ENOSPC" : undefined);
  journal.propose(entryOf(2, 2000));
  await turns();
  equal(numbersOf(sink.refusedEntries), [2]);
  const synced: string[] = [];
  disk.failIf = (call, at) => {
    if (call === "syncData") synced.push(at);
    return undefined;
  };
  clock.advance(1000);
  await turns();
  equal(
    synced.filter((at) => !at.endsWith(".sync") && !at.endsWith(".next")),
    [],
  );
});

test.run();
