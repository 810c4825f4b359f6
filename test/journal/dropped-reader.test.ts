/** Reading and repairing journals that have dropped their beginning, also while they do it. */

import { equal, is, ok, throws } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import type { Base } from "../../src/journal/base.ts";
import { type ReadOptions, readJournal } from "../../src/journal/reader.ts";
import { repairJournal } from "../../src/journal/repair.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, numbersOf, open, TestClock } from "./harness.ts";
import { baseAt, longDisk, longEntry, openLong, range, sealedFirsts, sealedPaths, tinyLimits } from "./long-journal.ts";

const test = suite("journal reader behind a snapshot", 60_000);
const active = `${directory}/kron.aof`;
const sidecar = `${directory}/kron.sync`;
const count = 24;
const noLock = { clock: new TestClock(), acquireLock: () => ({ release: () => undefined }) };

function read(disk: SimDisk, options: ReadOptions = {}) {
  const indexes: number[] = [];
  const reading = readJournal(directory, disk, (index) => indexes.push(index), options);
  return { indexes, reading, kind: reading.verdict.kind };
}

/** The disk of a process that was killed after it had dropped what ends below `index`. */
async function droppedDisk(index: number): Promise<SimDisk> {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  await opened.journal.dropBefore(index);
  return disk.copy();
}

test("readJournal() reads from the first index there is, or from the one asked for", async () => {
  const disk = await longDisk(count);
  const firsts = sealedFirsts(disk);
  const first = firsts[2] ?? 0;
  const after = await droppedDisk(first);
  const { indexes, reading } = read(after);
  equal(indexes, range(first, count));
  equal([reading.verdict, reading.firstIndex, reading.lastIndex], [{ kind: "clean" }, first, count]);
  is(reading.segments, firsts.length - 2 + 1);
  is(
    reading.bytes,
    [...sealedPaths(after), active].reduce((sum, path) => sum + after.contents(path).length, 0),
  );
  for (let from = 0; from <= count + 2; from += 1) {
    equal(read(after, { from }).indexes, range(Math.max(first, from), count));
    is(read(after, { from }).kind, "clean");
    is(read(after, { from }).reading.segments, reading.segments, "also those that were not read");
    is(read(after, { from }).reading.entries, Math.max(0, count + 1 - Math.max(first, from)));
    equal(read(disk, { from }).indexes, range(Math.max(1, from), count));
  }
  // Older segments are not opened.
  const broken = disk.copy();
  for (const path of sealedPaths(disk).slice(0, 3)) broken.put(path, new Uint8Array(4096).fill(1));
  is(read(broken, { from: firsts[3] ?? 0 }).kind, "clean");
  is(read(broken, { from: (firsts[3] ?? 0) - 1 }).kind, "corrupt");
});

test("readJournal() with a base says whether the journal goes on from it", async () => {
  const disk = await longDisk(count);
  const first = sealedFirsts(disk)[2] ?? 0;
  const after = await droppedDisk(first);
  for (const index of [first - 1, first, count]) {
    const { indexes, kind } = read(after, { base: baseAt(index) });
    equal([kind, indexes], ["clean", range(index + 1, count)]);
  }
  const { verdict } = read(after, { base: baseAt(first - 2) }).reading;
  equal(verdict, { kind: "dropped", firstIndex: first });
  is(read(after, { base: baseAt(count + 1) }).kind, "corrupt");
  const foreign: Base = { ...baseAt(count), uuid: new Uint8Array(16) };
  throws(
    () => read(after, { base: foreign }),
    (error: unknown) => isKronError(error, "KRON_SNAPSHOT_FOREIGN"),
  );
  is(after.openCount, 0);
});

test("readJournal() beside a writer that goes on and drops is never wrong, at whichever call that happens", async () => {
  // What a reader finds in the end, or is told to begin again for.
  const kinds = new Set<string>();
  for (const options of [{}, { base: baseAt(5) }, { from: 5 }, { base: baseAt(count) }] as const) {
    for (const isGone of [true, false]) {
      for (let call = 1; call < 60; call += 1) {
        const start = await longDisk(count);
        const later = start.copy();
        const opened = await openLong(later, count + 12);
        await opened.journal.dropBefore(isGone ? count + 8 : 9);
        const live = start.copy();
        let made = 0;
        live.failIf = () => {
          made += 1;
          if (made !== call) return undefined;
          for (const path of live.paths()) if (!later.exists(path)) live.drop(path);
          for (const path of later.paths()) live.put(path, later.contents(path));
          return undefined;
        };
        const { indexes, reading } = read(live, options);
        const { verdict } = reading;
        const where = `call ${call}: ${JSON.stringify(verdict)}`;
        kinds.add(verdict.kind);
        ok(["clean", "torn", "dropped"].includes(verdict.kind), where);
        const first = indexes[0] ?? 0;
        equal(indexes, range(first, first + indexes.length - 1), where);
        if (verdict.kind === "dropped") {
          is(verdict.firstIndex, opened.journal.firstIndex, where);
          ok(verdict.firstIndex > reading.lastIndex + 1, where);
        } else {
          ok(reading.lastIndex >= count, where);
          if ("base" in options) ok(indexes.length === 0 || first === options.base.index + 1, where);
        }
      }
    }
  }
  equal([...kinds].sort(), ["clean", "dropped"]);
});

test("a segment that is gone without having been dropped is damage to a reader, too", async () => {
  const disk = await longDisk(count);
  const last = sealedPaths(disk).at(-1) ?? "";
  for (const path of sealedPaths(disk)) {
    const live = disk.copy();
    let isListed = false;
    live.failIf = (call, at) => {
      if (call === "list") isListed = true;
      else if (isListed && call === "openRead" && at === path) live.drop(path);
      return undefined;
    };
    const { verdict } = read(live).reading;
    is(verdict.kind, "corrupt");
    if (verdict.kind !== "corrupt") continue;
    equal([verdict.fault, verdict.firstIndex], ["missing", Number.parseInt(path.slice(-16), 16)]);
    ok(path === last ? verdict.lastIndex === verdict.firstIndex : verdict.lastIndex > verdict.firstIndex);
  }
});

test("repairJournal() cuts a journal that has dropped its beginning, and it starts again from its snapshot", async () => {
  const first = sealedFirsts(await longDisk(count))[2] ?? 0;
  const disk = await droppedDisk(first);
  for (const path of [...sealedPaths(disk), active]) {
    for (const base of [undefined, baseAt(first - 1), baseAt(first + 1), baseAt(count - 1)]) {
      const damaged = disk.copy();
      const before = damaged.contents(path).fill(0xaa, 1030, 1100);
      damaged.put(path, before);
      const readable = read(damaged).indexes;
      const needed = base?.index ?? first - 1;
      const report = repairJournal(directory, damaged, { ...noLock, acceptLoss: true, base });
      const what = `${path}, base ${base?.index}`;
      is(damaged.openCount, 0);
      const kept = Math.max(needed, report.lastIndex);
      is(report.lastIndex, kept, what);
      if (report.outcome === "repaired") {
        ok(
          report.setAside.some((aside) => damaged.contents(aside).includes(before.subarray(1024, 1100))),
          what,
        );
        ok(kept >= (readable.at(-1) ?? first - 1), what);
      } else is(kept, count, what);
      const start = baseAt(needed);
      const again = open(damaged, { limits: tinyLimits }, start);
      is(again.journal.replayedIndex, kept, what);
      equal(numbersOf(again.replayed), range(needed + 1, kept), what);
      await commit(again, longEntry(kept + 1));
      await again.journal.close();
      equal(numbersOf(open(damaged.copy(), {}, start).replayed), range(needed + 1, kept + 1), what);
      is(read(damaged, { base: start }).kind, "clean", what);
    }
  }
});

test("repairJournal() with a base goes on behind it where the journal ends too early or begins too late", async () => {
  const first = sealedFirsts(await longDisk(count))[2] ?? 0;
  const whole = await droppedDisk(first);
  const nothing = new SimDisk();
  nothing.makeDirectory(directory);
  const noSidecar = whole.copy();
  noSidecar.drop(sidecar);
  for (const [start, index] of [
    [whole, 3],
    [whole, count + 5],
    [noSidecar, 3],
    [noSidecar, count + 5],
    [nothing, 7],
  ] as const) {
    const base = baseAt(index);
    const disk = start.copy();
    throws(() => open(disk, {}, base), isKronError);
    is(repairJournal(directory, disk, { ...noLock, acceptLoss: false, base }).outcome, "loss not accepted");
    const segments = start.paths().filter((path) => path !== sidecar && !path.endsWith(".next")).length;
    const report = repairJournal(directory, disk, { ...noLock, acceptLoss: true, base });
    equal([report.outcome, report.lastIndex, report.setAside.length], ["repaired", index, segments]);
    is(repairJournal(directory, disk, { ...noLock, acceptLoss: true, base }).outcome, "nothing to do");
    const opened = open(disk, {}, base);
    equal([opened.journal.firstIndex, opened.journal.replayedIndex], [index + 1, index]);
    await commit(opened, entryOf(index + 1));
    equal(numbersOf(open(disk.copy(), {}, base).replayed), [index + 1]);
  }
});

test("repairJournal() with a base may be cut short at any call and repeated", async () => {
  const first = sealedFirsts(await longDisk(count))[2] ?? 0;
  const disk = await droppedDisk(first);
  const path = sealedPaths(disk)[1] ?? "";
  disk.put(path, disk.contents(path).fill(0xaa, 1030, 1100));
  for (const [index, kept] of [
    [first + 1, 0],
    [first - 3, first - 3],
    [first + 4, first + 4],
  ] as const) {
    const base = baseAt(index);
    const whole = disk.copy();
    const { lastIndex } = repairJournal(directory, whole, { ...noLock, acceptLoss: true, base });
    if (kept > 0) is(lastIndex, kept);
    for (let call = 1; call <= whole.calls; call += 1) {
      const damaged = disk.copy();
      damaged.failIf = () => (damaged.calls >= call ? "EIO" : undefined);
      throws(() => repairJournal(directory, damaged, { ...noLock, acceptLoss: true, base }));
      for (const names of [0, 1, 2, 3, 99]) {
        for (const fate of ["old", "new"] as const) {
          const after = damaged.crash({ sector: () => fate, size: () => fate, names: (all) => Math.min(all, names) });
          const what = `base ${index}, call ${call}, ${names} names, ${fate}`;
          let isRefused = false;
          try {
            is(open(after, {}, base).journal.replayedIndex, lastIndex, what);
          } catch (error) {
            isRefused = isKronError(error, "KRON_JOURNAL_CORRUPT");
            if (!isRefused) throw error;
          }
          if (!isRefused) continue;
          repairJournal(directory, after, { ...noLock, acceptLoss: true, base });
          is(open(after, {}, base).journal.replayedIndex, lastIndex, `${what}, repeated`);
        }
      }
    }
  }
});

test.run();
