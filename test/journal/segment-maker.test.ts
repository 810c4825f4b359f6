import { equal, is, ok } from "uvu/assert";
import { type JournalLimits, profileLimits } from "../../src/journal/limits.ts";
import type { JournalNotice } from "../../src/journal/notice.ts";
import { SegmentMaker } from "../../src/journal/segment-maker.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { directory, TestClock, testRandom } from "./harness.ts";

const test = suite("segment maker");
const mebi = 1024 * 1024;
const next = `${directory}/kron.aof.next`;

interface Lab {
  readonly maker: SegmentMaker;
  readonly disk: SimDisk;
  readonly clock: TestClock;
  readonly notices: JournalNotice[];
  readonly failures: Error[];
}

/** A maker on a disk whose background syncs happen when the test says so. */
function makeLab(limits: JournalLimits = profileLimits.standard): Lab {
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  disk.holdSyncs = true;
  const clock = new TestClock();
  const notices: JournalNotice[] = [];
  const failures: Error[] = [];
  const maker = new SegmentMaker({
    directory,
    disk,
    clock,
    random: testRandom(),
    uuid: new Uint8Array(16),
    limits,
    report: (notice) => notices.push(notice),
    onSyncFailed: (cause) => failures.push(cause),
  });
  return { maker, disk, clock, notices, failures };
}

const count = (disk: SimDisk, call: string): number => disk.trace.filter((name) => name === call).length;

test("prepare() writes in slices with pauses, syncs 4 MiB at a time, one sync at once", () => {
  const { maker, disk, clock } = makeLab();
  maker.prepare(9 * mebi);
  is(count(disk, "write"), 1, "the head, and nothing else at once");
  clock.advance(1);
  is(count(disk, "write"), 2);
  clock.advance(100);
  is(disk.contents(next).length, 9 * mebi);
  is(disk.heldCount, 1, "the second 4 MiB wait for the first sync");
  disk.releaseSyncs();
  is(disk.heldCount, 1);
  disk.releaseSyncs();
  is(disk.heldCount, 0);
  equal(disk.dirtySectors(next), []);
  const { calls } = disk;
  is(maker.take().capacity, 9 * mebi);
  is(disk.calls, calls, "it is ready, so nothing is left to do");
});

test("prepare() does nothing while one is on its way", () => {
  const { maker, disk, clock } = makeLab();
  maker.prepare(mebi);
  clock.advance(1);
  const { calls } = disk;
  maker.prepare(2 * mebi);
  is(disk.calls, calls);
  clock.advance(100);
  is(disk.contents(next).length, mebi);
});

test("a sync that was under way when the segment was taken is as final as any when it fails", () => {
  const { maker, disk, clock, failures, notices } = makeLab();
  maker.prepare(mebi);
  clock.advance(100);
  is(disk.heldCount, 1);
  maker.take();
  maker.release();
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  disk.releaseSyncs();
  is(failures.length, 1);
  equal(notices, []);
});

test("a sync that ends well when the segment is in use, or badly when it was given up, is of no interest", () => {
  const taken = makeLab();
  taken.maker.prepare(mebi);
  taken.clock.advance(100);
  taken.maker.take();
  taken.disk.releaseSyncs();
  equal(taken.failures, []);
  const given = makeLab();
  given.maker.prepare(mebi);
  given.clock.advance(100);
  given.maker.discard();
  ok(!given.disk.exists(next));
  given.disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  given.disk.releaseSyncs();
  equal([...given.failures, ...given.notices], []);
});

test.run();
