/**
 * Power loss at every moment: whatever subset of the unsynced sectors survives, and whatever stands in the
 * others, a start gives back every acknowledged entry, never an entry that was not proposed, and never refuses.
 */

import { equal, is, ok } from "uvu/assert";
import { type CrashChoice, type SectorFate, SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, looseEntry, numbersOf, open, smallLimits, turns } from "./harness.ts";

const test = suite("journal crash", 100_000);
const active = `${directory}/kron.aof`;

/** Opens what the crash left and checks it against what was acknowledged and proposed. */
function checkAfter(disk: SimDisk, acknowledged: number, proposed: number, what: string): void {
  const again = open(disk);
  const found = numbersOf(again.replayed);
  ok(found.length >= acknowledged, `${what}: ${found.length} of ${acknowledged} acknowledged`);
  ok(found.length <= proposed, `${what}: ${found.length} of ${proposed} proposed`);
  equal(
    found,
    Array.from({ length: found.length }, (_, index) => index + 1),
    what,
  );
}

/** All `count`-long lists of fates, two kinds each. */
function* subsets(count: number, lost: SectorFate): Generator<SectorFate[]> {
  for (let bits = 0; bits < 2 ** count; bits += 1) {
    yield Array.from({ length: count }, (_, index) => ((bits >> index) & 1 ? "new" : lost));
  }
}

/** A disk with acknowledged entries 1..4 and the batch 5..8 written and in the middle of its sync. */
async function makeUnsynced(isSameSegment = true): Promise<SimDisk> {
  const disk = new SimDisk();
  // The second batch either follows in the segment of the acknowledged ones or begins one of its own.
  const opened = open(disk, { limits: { ...smallLimits, segmentBytesMin: isSameSegment ? 16_384 : 4096 } });
  await commit(opened, entryOf(1), entryOf(2, 700));
  await commit(opened, entryOf(3));
  await commit(opened, entryOf(4, 30));
  disk.holdSyncs = true;
  for (const [number, bytes] of [
    [5, 900],
    [6, 0],
    [7, 1300],
    [8, 300],
  ] as const)
    opened.journal.propose(entryOf(number, bytes));
  await turns(3);
  ok(disk.heldCount >= 1);
  is(opened.sink.committedEntries.length, 4);
  return disk;
}

for (const [lost, isSameSegment] of [
  ["old", true],
  ["old", false],
  ["garbage", true],
  ["garbage", false],
] as const) {
  const where = isSameSegment ? "the same" : "a new";
  test(`recovery keeps what was acknowledged for every subset of the unsynced batch in ${where} segment, ${lost} in the rest`, async () => {
    const disk = await makeUnsynced(isSameSegment);
    is(
      disk.paths().some((path) => /[0-9a-f]{16}$/.test(path)),
      !isSameSegment,
    );
    const sectors = disk.dirtySectors(active);
    ok(sectors.length >= 6 && sectors.length <= 9, `${sectors.length} sectors`);
    for (const fates of subsets(sectors.length, lost)) {
      for (const sidecar of ["new", lost] as const) {
        const choice: CrashChoice = {
          sector: (path, sector) => (path === active ? (fates[sectors.indexOf(sector)] ?? "new") : sidecar),
          size: () => "new",
          names: (count) => count,
        };
        const after = disk.crash(choice);
        checkAfter(after, 4, 8, fates.join());
        // What was recovered is durable: a second crash, losing all it can, changes nothing.
        const count = numbersOf(open(after).replayed).length;
        checkAfter(
          after.crash({ sector: () => lost, size: () => "old", names: () => 0 }),
          count,
          count,
          "second crash",
        );
      }
    }
  });
}

test("recovery leaves the cut bytes aside, says so, and goes on behind what it kept", async () => {
  const disk = await makeUnsynced();
  const sectors = disk.dirtySectors(active);
  const after = disk.crash({
    sector: (path, sector) => (path === active && sector === sectors[1] ? "old" : "new"),
    size: () => "new",
    names: (count) => count,
  });
  const before = after.contents(active);
  const again = open(after);
  const notice = again.notices[0];
  is(notice?.kind, "torn-tail-cut");
  if (notice?.kind !== "torn-tail-cut") return;
  is(notice.firstIndex, 5);
  const saved = after.contents(notice.savedAs ?? "");
  is(saved.length, notice.bytes);
  ok(saved.equals(before.subarray(notice.offset, notice.offset + notice.bytes)));
  await commit(again, entryOf(5), entryOf(6));
  await again.journal.close();
  equal(numbersOf(open(after.copy()).replayed), [1, 2, 3, 4, 5, 6]);
});

test("recovery keeps what was acknowledged whatever part of a change of segments survives", async () => {
  for (let wanted = 1; wanted < 60; wanted += 1) {
    const disk = new SimDisk();
    const opened = open(disk);
    let acknowledged = 0;
    const stopAt = wanted;
    let proposed = 0;
    // Crash at the wanted call after the first segment is half full.
    while (acknowledged < 14) {
      proposed += 1;
      opened.journal.propose(entryOf(proposed, 300));
      await turns(4);
      opened.clock.advance(2);
      acknowledged = opened.sink.committedEntries.length;
    }
    disk.failIf = () => (disk.calls >= base + stopAt ? "EIO" : undefined);
    const base = disk.calls;
    for (let more = 0; more < 12; more += 1) {
      try {
        opened.journal.propose(entryOf(proposed + 1, 300));
        proposed += 1;
      } catch {
        break;
      }
      await turns(4);
      opened.clock.advance(2);
    }
    acknowledged = opened.sink.committedEntries.length;
    for (const lost of ["old", "garbage", "new"] as const) {
      for (const size of ["old", "new"] as const) {
        for (let names = 0; names <= 4; names += 1) {
          const after = disk.crash({ sector: () => lost, size: () => size, names: (count) => Math.min(count, names) });
          checkAfter(after, acknowledged, proposed, `call ${wanted}, ${lost}, ${size}, ${names} names`);
        }
      }
    }
  }
});

test("recovery may itself be cut short by a crash at any call", async () => {
  const disk = await makeUnsynced();
  const sectors = disk.dirtySectors(active);
  for (const torn of [0, 1, 3, sectors.length - 1]) {
    const choice: CrashChoice = {
      sector: (path, sector) => (path === active && sector === sectors[torn] ? "garbage" : "new"),
      size: () => "new",
      names: (count) => count,
    };
    const whole = disk.crash(choice);
    open(whole);
    const callsMax = whole.calls;
    for (let call = 1; call <= callsMax; call += 1) {
      const after = disk.crash(choice);
      after.failIf = () => (after.calls >= call ? "EIO" : undefined);
      try {
        open(after);
      } catch {
        // The crash; what it left is opened below.
      }
      for (const fate of ["old", "new", "garbage"] as const) {
        for (const names of [0, 1, 2, 9]) {
          const second = after.crash({
            sector: () => fate,
            size: () => (fate === "new" ? "new" : "old"),
            names: (count) => Math.min(count, names),
          });
          checkAfter(second, 4, 8, `torn ${torn}, call ${call}, ${fate}, ${names} names`);
        }
      }
    }
  }
});

test("a payload that looks like a frame is not taken for evidence of durable entries", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  await commit(opened, entryOf(1), entryOf(2));
  disk.holdSyncs = true;
  // A real header of another segment, claiming that everything up to 2^40 was synced, at all 8 alignments.
  const { emptyHeader, writeFrame, FRAME_KIND } = await import("../../src/journal/frame.ts");
  const fake = Buffer.alloc(48 * 8 + 64);
  for (let at = 0; at < 8; at += 1) {
    const header = { ...emptyHeader(), kind: FRAME_KIND.entry, seq: 2 ** 41, durable: 2 ** 40 };
    writeFrame(fake, at * 49, header, new Uint8Array(1), 0);
  }
  const ballast = Buffer.alloc(600);
  opened.journal.propose(looseEntry(1_750_000_000_000, [1, 3, ballast], [1, 3, fake], [1, 3, ballast]));
  await turns(3);
  const first = disk.dirtySectors(active)[0];
  const after = disk.crash({
    sector: (path, sector) => (path === active && sector === first ? "old" : "new"),
    size: () => "new",
    names: (count) => count,
  });
  equal(numbersOf(open(after).replayed), [1, 2]);
});

test.run();
