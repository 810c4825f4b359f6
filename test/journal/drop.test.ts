/** Dropping old segments: what goes, what stays, and that nothing is lost whatever happens meanwhile. */

import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { SealedSegments } from "../../src/journal/sealed-segments.ts";
import type { Dropped } from "../../src/journal/segment-dropper.ts";
import { type CrashChoice, SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, numbersOf, type Opened, open, turns } from "./harness.ts";
import { baseAt, longDisk, longEntry, openLong, range, sealedFirsts, sealedPaths, tinyLimits } from "./long-journal.ts";

const test = suite("journal drop", 60_000);
const active = `${directory}/kron.aof`;
const sidecar = `${directory}/kron.sync`;
const count = 24;

/** The code an operation was rejected with. */
async function codeOf(operation: Promise<unknown>): Promise<string | undefined> {
  try {
    await operation;
  } catch (error) {
    if (isKronError(error)) return error.code;
    throw error;
  }
  return undefined;
}

/** Advances the clock with the turns, so that quiet times come and go, until `promise` is settled. */
async function settle<T>(opened: Opened, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const note = (): void => {
    isSettled = true;
  };
  promise.then(note, note);
  for (let turn = 0; turn < 200 && !isSettled; turn += 1) {
    await turns(1);
    opened.clock.advance(50);
  }
  ok(isSettled, "it takes too long");
  return promise;
}

test("dropBefore() removes the segments that hold only older entries, and says so", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  const { journal } = opened;
  const firsts = sealedFirsts(disk);
  const bytes = journal.bytes;
  is(journal.segmentCount, firsts.length + 1);
  is(
    bytes,
    [...sealedPaths(disk), active].reduce((sum, path) => sum + disk.contents(path).length, 0),
  );
  equal(await journal.dropBefore(firsts[1] ?? 0), { segments: 1, bytes: 3584 });
  equal(sealedFirsts(disk), firsts.slice(1));
  equal([journal.firstIndex, journal.segmentCount, journal.bytes], [firsts[1], firsts.length, bytes - 3584]);
  const calls = disk.calls;
  equal(await journal.dropBefore((firsts[2] ?? 0) - 1), { segments: 0, bytes: 0 });
  equal(await journal.dropBefore(0), { segments: 0, bytes: 0 });
  is(disk.calls, calls, "nothing to do costs nothing");
  equal(await journal.dropBefore((firsts[3] ?? 0) + 1), { segments: 2, bytes: 7168 });
  equal(await journal.dropBefore(1e9), { segments: firsts.length - 3, bytes: 3584 * (firsts.length - 3) });
  equal(sealedFirsts(disk), []);
  await commit(opened, longEntry(count + 1));
  await journal.close();
  const { replayed } = open(disk, {}, baseAt(count));
  equal(numbersOf(replayed), [count + 1]);
});

test("dropBefore() keeps the newest sealed segment while the active one has no entry", async () => {
  const disk = await longDisk(count);
  // Recovery seals a torn segment and goes on in an empty one.
  const torn = disk.contents(active);
  const end = torn.findLastIndex((byte) => byte !== 0) + 1;
  disk.put(active, Buffer.concat([torn.subarray(0, Math.ceil(end / 512) * 512), Buffer.alloc(512, 3)]));
  const opened = open(disk, { limits: tinyLimits });
  is(opened.notices[0]?.kind, "torn-tail-cut");
  const firsts = sealedFirsts(disk);
  await opened.journal.dropBefore(count + 1);
  equal(sealedFirsts(disk), firsts.slice(-1));
  await commit(opened, longEntry(count + 1));
  await opened.journal.dropBefore(count + 1);
  equal(sealedFirsts(disk), []);
  is(opened.journal.firstIndex, count + 1);
  equal(numbersOf(open(disk.copy(), {}, baseAt(count)).replayed), [count + 1]);
});

test("dropBefore() syncs the new beginning before the first file goes, and removes one file in each turn", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  const total = sealedPaths(disk).length;
  disk.holdSyncs = true;
  const drop = opened.journal.dropBefore(count + 1);
  await turns(4);
  equal([disk.heldCount, sealedPaths(disk).length, opened.journal.firstIndex > 1], [1, total, true]);
  disk.holdSyncs = false;
  disk.releaseSyncs();
  for (let left = total - 1; left >= 0; left -= 1) {
    await turns(1);
    const now = sealedPaths(disk).length;
    ok(now >= left, `${now} files after a turn that should leave ${left}`);
  }
  is((await drop).segments, total);
});

test("drops come one after another, beside a group commit", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  const firsts = sealedFirsts(disk);
  const drops: Promise<Dropped>[] = [];
  for (let number = count + 1; number <= count + 12; number += 1) {
    opened.journal.propose(longEntry(number));
    drops.push(opened.journal.dropBefore(number - count));
    drops.push(opened.journal.dropBefore(number - 8));
    await turns(3);
    opened.clock.advance(110);
  }
  const all = await settle(opened, Promise.all(drops));
  equal(
    sealedFirsts(disk).filter((first) => first < count + 1),
    firsts.slice(all.reduce((sum, { segments }) => sum + segments, 0)),
  );
  is(opened.sink.committedEntries.length, count + 12);
  await settle(opened, opened.journal.close());
  equal(numbersOf(open(disk.copy(), {}, baseAt(count + 3)).replayed), range(count + 4, count + 12));
});

const choices: CrashChoice[] = [];
for (const lost of ["old", "new", "garbage"] as const) {
  for (const names of [0, 1, 2, 99]) {
    choices.push({
      sector: () => lost,
      size: () => (lost === "new" ? "new" : "old"),
      names: (all) => Math.min(all, names),
    });
  }
}

test("power loss at any point of a drop loses nothing that the snapshot does not hold", async () => {
  for (const isBusy of [false, true]) {
    const disk = new SimDisk();
    const opened = await openLong(disk, count);
    const oldest = sealedFirsts(disk)[3] ?? 0;
    const crashes: { disk: SimDisk; acknowledged: number; where: string }[] = [];
    disk.failIf = (call) => {
      const acknowledged = opened.sink.committedEntries.length;
      for (const choice of choices) {
        crashes.push({ disk: disk.crash(choice), acknowledged, where: `before call ${disk.calls} (${call})` });
      }
      return undefined;
    };
    const drop = opened.journal.dropBefore(oldest);
    if (isBusy) {
      for (let number = count + 1; number <= count + 5; number += 1) {
        opened.journal.propose(longEntry(number));
        await turns(2);
        opened.clock.advance(2);
      }
    }
    is((await drop).segments, 3);
    disk.failIf = undefined;
    for (const choice of choices) crashes.push({ disk: disk.crash(choice), acknowledged: count, where: "at the end" });
    ok(crashes.length > 8 * choices.length);
    for (const { disk: left, acknowledged, where } of crashes) {
      // The older generation of the snapshot ends in front of what is kept, the newer behind.
      for (const base of [oldest - 1, count - 1]) {
        const again = open(left.copy(), { limits: tinyLimits }, baseAt(base));
        const found = numbersOf(again.replayed);
        equal(found, range(base + 1, base + found.length), where);
        ok(base + found.length >= acknowledged, `${where}: ${base + found.length} of ${acknowledged}`);
        ok(again.journal.firstIndex <= oldest, where);
        // And the drop can be done again.
        await again.journal.dropBefore(oldest);
        is(again.journal.firstIndex, oldest, where);
      }
    }
  }
});

test("every call failing once during a drop: told, survived, and done again", async () => {
  const disk = await longDisk(count);
  const oldest = sealedFirsts(disk)[3] ?? 0;
  const whole = disk.copy();
  const good = open(whole, { limits: tinyLimits });
  const opening = whole.calls;
  await good.journal.dropBefore(oldest);
  ok(whole.calls >= opening + 8);
  for (let call = opening + 1; call <= whole.calls; call += 1) {
    const after = disk.copy();
    const opened = open(after, { limits: tinyLimits });
    after.failAt = { call, code: "EACCES" };
    const what = `call ${call} (${whole.trace[call - 1]})`;
    const code = await codeOf(opened.journal.dropBefore(oldest));
    const isSync = whole.trace[call - 1] === "syncData";
    equal([code, opened.sink.failures.length], isSync ? ["KRON_JOURNAL_FAILED", 1] : [undefined, 0], what);
    if (isSync) equal(sealedFirsts(after), sealedFirsts(disk), "nothing was removed");
    else {
      equal(
        opened.notices.map(({ kind }) => kind),
        ["drop-failed"],
        what,
      );
      await opened.journal.dropBefore(oldest);
      equal(sealedFirsts(after), sealedFirsts(whole), what);
      await commit(opened, longEntry(count + 1));
    }
    await opened.journal.close();
    is(after.openCount, 0, what);
    const last = isSync ? count : count + 1;
    for (const choice of choices) {
      const again = open(after.crash(choice), {}, baseAt(oldest));
      equal(numbersOf(again.replayed), range(oldest + 1, last), what);
    }
  }
});

test("a file that cannot be removed is told of once, and again when it was well meanwhile", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  const firsts = sealedFirsts(disk);
  const { journal, notices } = opened;
  const last = sealedPaths(disk)[1] ?? "";
  disk.failIf = (call, path) => (call === "remove" && path === last ? "EACCES" : undefined);
  equal(await journal.dropBefore(firsts[3] ?? 0), { segments: 1, bytes: 3584 });
  is(journal.firstIndex, firsts[3]);
  is(journal.segmentCount, firsts.length);
  const told = (): unknown[] => notices.map((notice) => (notice.kind === "drop-failed" ? notice.file : notice.kind));
  equal(told(), [last.slice(-"kron.aof.0000000000000004".length)]);
  is((await journal.dropBefore(firsts[3] ?? 0)).segments, 0);
  is(told().length, 1);
  disk.failIf = undefined;
  is((await journal.dropBefore(firsts[4] ?? 0)).segments, 3);
  disk.failIf = (call, path) => (call === "write" && path === sidecar ? "EIO" : undefined);
  is((await journal.dropBefore(firsts[5] ?? 0)).segments, 0);
  equal(told().slice(1), ["kron.sync"]);
  is(journal.firstIndex, firsts[4], "what could not be written is not said");
  disk.failIf = undefined;
  is((await journal.dropBefore(firsts[5] ?? 0)).segments, 1);
});

test("a file that somebody else removed counts as removed", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  disk.drop(sealedPaths(disk)[0] ?? "");
  is((await opened.journal.dropBefore(sealedFirsts(disk)[1] ?? 0)).segments, 2);
  equal(opened.notices, []);
});

test("dropBefore() needs a journal that was started, is not closed and has not failed", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  const { journal, sink } = opened;
  disk.failIf = (call, path) => (call === "syncData" && path === active ? "EIO" : undefined);
  journal.propose(longEntry(count + 1));
  await turns();
  is(sink.failures.length, 1);
  const before = disk.contents(sidecar);
  is(await codeOf(journal.dropBefore(9)), "KRON_JOURNAL_FAILED");
  ok(disk.contents(sidecar).equals(before), "the sidecar goes on saying that a sync failed");
  await journal.close();
  is(await codeOf(journal.dropBefore(9)), "KRON_STOPPED");
});

test("close() ends a drop at the next file and waits for the sidecar's sync", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  const all = sealedFirsts(disk);
  disk.holdSyncs = true;
  const waiting = opened.journal.dropBefore(count + 1);
  const next = opened.journal.dropBefore(count + 2);
  await turns(2);
  const closed = opened.journal.close();
  await turns(4);
  ok(disk.openCount > 0, "the sidecar is not closed under its sync");
  disk.holdSyncs = false;
  disk.releaseSyncs();
  equal(await waiting, { segments: 0, bytes: 0 });
  equal(await next, { segments: 0, bytes: 0 });
  await closed;
  is(disk.openCount, 0);
  equal(sealedFirsts(disk), all);
  const again = open(disk.copy(), {}, baseAt(count));
  is(again.journal.segmentCount, 1, "the next start goes on with it");
});

test("a drop that waits behind another sync of the sidecar does not sync again once that has failed", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  disk.holdSyncs = true;
  // In the quiet the sidecar is synced.
  opened.clock.advance(300);
  const held = disk.heldCount;
  ok(held >= 1);
  const drop = codeOf(opened.journal.dropBefore(count));
  const second = codeOf(opened.journal.dropBefore(count));
  await turns(2);
  is(disk.heldCount, held, "one sync of the sidecar at a time");
  let syncs = 0;
  disk.failIf = (call, path) => {
    if (call !== "syncData" || path !== sidecar) return undefined;
    syncs += 1;
    return "EIO";
  };
  disk.releaseSyncs();
  equal([await drop, await second], ["KRON_JOURNAL_FAILED", "KRON_JOURNAL_FAILED"]);
  is(syncs, 1);
  is(opened.sink.failures.length, 1);
  ok(sealedFirsts(disk).includes(1));
});

test("close() waits for several that wait for the sidecar", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, count);
  disk.holdSyncs = true;
  opened.clock.advance(300);
  const drop = opened.journal.dropBefore(count + 1);
  await turns(2);
  const closed = opened.journal.close();
  for (let turn = 0; turn < 10; turn += 1) {
    disk.releaseSyncs();
    await turns(2);
  }
  await drop;
  await closed;
  is(disk.openCount, 0);
});

test("SealedSegments.below() ends where the active segment begins", () => {
  const file = (firstIndex: number) => ({ name: String(firstIndex), firstIndex, bytes: 10 });
  const sealed = new SealedSegments([file(1), file(5)]);
  equal(sealed.below(5, undefined), { files: [file(1)], firstIndex: 5 });
  equal(sealed.below(9, undefined).firstIndex, 5);
  equal(sealed.below(8, 9).firstIndex, 5);
  equal(sealed.below(9, 9), { files: [file(1), file(5)], firstIndex: 9 });
  equal(sealed.below(4, 9), { files: [], firstIndex: 0 });
});

test.run();
