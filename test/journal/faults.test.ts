/**
 * Every call of the disk failed once: what was acknowledged survives, what was refused does not come back,
 * nothing is acknowledged after a failed sync, and files are given back.
 */

import { equal, is, ok, throws } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { writeFully } from "../../src/journal/files.ts";
import type { Disk, Durability } from "../../src/ports.ts";
import { type CrashChoice, SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, numbersOf, type Opened, open, turns } from "./harness.ts";

const test = suite("journal faults", 100_000);

const afterAll: CrashChoice = { sector: () => "new", size: () => "new", names: (count) => count };
const afterLoss: CrashChoice = { sector: () => "old", size: () => "old", names: () => 0 };
const afterGarbage: CrashChoice = { sector: () => "garbage", size: () => "new", names: (count) => count };

interface Fates {
  readonly proposed: number[];
  readonly acknowledged: unknown[];
  readonly refused: unknown[];
  readonly failed: boolean;
}

/** Opens and works for a while: single entries, batches, changes of segment, quiet times. */
async function work(disk: SimDisk, durability: Durability): Promise<Fates | undefined> {
  let opened: Opened;
  try {
    opened = open(disk, { durability });
  } catch (error) {
    ok(isKronError(error), String(error));
    return undefined;
  }
  const proposed: number[] = [];
  for (let round = 0; round < 14; round += 1) {
    for (let more = 0; more < 1 + (round % 3); more += 1) {
      const number = proposed.length + 1;
      try {
        opened.journal.propose(entryOf(number, 150 * (number % 4)));
        proposed.push(number);
      } catch (error) {
        ok(isKronError(error, "KRON_STOPPED"), String(error));
      }
    }
    await turns(4);
    opened.clock.advance(round % 5 === 4 ? 1300 : 5);
    await turns(2);
  }
  opened.clock.advance(1000);
  await turns(6);
  const closed = opened.journal.close().catch((error: unknown) => ok(isKronError(error), String(error)));
  for (let round = 0; round < 5; round += 1) {
    await turns(6);
    opened.clock.advance(200);
  }
  await closed;
  const { sink } = opened;
  ok(sink.failures.length <= 1, "failed() is called once");
  return {
    proposed,
    acknowledged: numbersOf(sink.committedEntries.map(([, , entry]) => entry)),
    refused: numbersOf(sink.refusedEntries),
    failed: sink.failures.length > 0,
  };
}

/** Checks a start on what is left, in three ways a machine may come back. */
function checkAfter(disk: SimDisk, fates: Fates | undefined, what: string, isEverysec: boolean): void {
  for (const choice of [afterAll, afterLoss, afterGarbage]) {
    const after = disk.crash(choice);
    const found = numbersOf(open(after).replayed);
    const acknowledged = fates?.acknowledged ?? [];
    const refused = fates?.refused ?? [];
    if (!isEverysec || (choice === afterAll && fates?.failed !== true)) {
      equal(found.slice(0, acknowledged.length), acknowledged, `${what}: acknowledged`);
    } else {
      const common = Math.min(found.length, acknowledged.length);
      equal(found.slice(0, common), acknowledged.slice(0, common), `${what}: order`);
    }
    ok(!found.some((number) => refused.includes(number)), `${what}: refused entries came back`);
    equal(found, [...new Set(found)], `${what}: doubled`);
  }
}

for (const [kind, transferBytesMax] of [
  ["always", Number.POSITIVE_INFINITY],
  ["always", 600],
  ["everysec", Number.POSITIVE_INFINITY],
] as const) {
  for (const code of ["EIO", "ENOSPC"]) {
    test(`every call failing once with ${code}, durability ${kind}, ${transferBytesMax} bytes a call`, async () => {
      const whole = new SimDisk();
      whole.transferBytesMax = transferBytesMax;
      const good = await work(whole, { kind });
      ok(good !== undefined && good.acknowledged.length === good.proposed.length && !good.failed);
      is(whole.openCount, 0);
      for (let call = 1; call <= whole.calls; call += 1) {
        const disk = new SimDisk();
        disk.transferBytesMax = transferBytesMax;
        disk.failAt = { call, code };
        const fates = await work(disk, { kind });
        const name = disk.trace[call - 1];
        const what = `call ${call} (${name}) with ${code}`;
        if (name !== "close") is(disk.openCount, 0, `${what}: files left open`);
        if (name === "syncData" && fates?.failed !== true && !isBesideTheJournal(disk, call)) {
          ok(false, `${what}: a failed sync was survived`);
        }
        checkAfter(disk, fates, what, kind === "everysec");
      }
    });
  }
}

/** The sync of a segment being prepared may fail: it holds nothing yet, and is thrown away. */
function isBesideTheJournal(disk: SimDisk, call: number): boolean {
  return disk.trace.slice(call, call + 2).join() === "close,remove";
}

test("every call failing once while a journal with a torn tail is opened: refused with a code, or whole", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  for (let number = 1; number <= 20; number += 1) await commit(opened, entryOf(number, 300));
  disk.holdSyncs = true;
  opened.journal.propose(entryOf(21, 900));
  await turns(3);
  const torn: CrashChoice = {
    sector: (_path, sector) => (sector % 2 === 0 ? "new" : "old"),
    size: () => "new",
    names: (count) => count,
  };
  const whole = disk.crash(torn);
  open(whole);
  const codes = new Set<string>();
  for (let call = 1; call <= whole.calls; call += 1) {
    for (const code of ["EIO", "ENOSPC", "EDQUOT"]) {
      const after = disk.crash(torn);
      after.failAt = { call, code };
      const what = `call ${call} with ${code}`;
      try {
        is(open(after).replayed.length, 20, what);
      } catch (error) {
        ok(isKronError(error), `${what}: ${error}`);
        if (isKronError(error)) codes.add(error.code);
        if (after.trace[call - 1] !== "close") is(after.openCount, 0, `${what}: files left open`);
      }
      is(open(after.crash(afterLoss)).replayed.length, 20, `${what}, then a crash`);
    }
  }
  equal([...codes].sort(), ["KRON_DIR_UNUSABLE", "KRON_DISK_FULL"]);
});

test("a failed write during the commit of the batch before is told after that commit", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk);
  const told: string[] = [];
  sink.committed = (index) => told.push(`committed ${index}`);
  sink.refused = (entries) => told.push(`refused ${entries.length}`);
  disk.holdSyncs = true;
  journal.propose(entryOf(1));
  await turns();
  journal.propose(entryOf(2));
  disk.failIf = (call, path) => (call === "write" && path.endsWith(".aof") ? "EIO" : undefined);
  disk.releaseSyncs();
  equal(told, ["committed 1", "refused 1"]);
});

test("a rename that fails before anything has changed refuses the batch, and later ones go on", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  await commit(opened, entryOf(1, 2000));
  disk.failIf = (call) => (call === "rename" ? "ENOSPC" : undefined);
  opened.journal.propose(entryOf(2, 2000));
  await turns();
  equal(numbersOf(opened.sink.refusedEntries), [2]);
  disk.failIf = undefined;
  opened.clock.advance(100);
  await commit(opened, entryOf(3, 2000));
  equal(numbersOf(open(disk.copy()).replayed), [1, 3]);
});

test("a prepared segment whose background sync fails is thrown away, unless it is in use", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  let isFailing = true;
  disk.failIf = (call, path) => (isFailing && call === "syncData" && path.endsWith(".next") ? "EIO" : undefined);
  await commit(opened, entryOf(1, 2000));
  opened.clock.advance(5);
  await turns();
  ok(opened.notices.some(({ kind }) => kind === "next-segment-failed"));
  isFailing = false;
  await commit(opened, entryOf(2, 2000));
  is(opened.sink.failures.length, 0);
  equal(numbersOf(open(disk.copy()).replayed), [1, 2]);
});

test("short reads and writes change nothing", async () => {
  const disk = new SimDisk();
  disk.transferBytesMax = 100;
  const fates = await work(disk, { kind: "always" });
  is(fates?.acknowledged.length, fates?.proposed.length);
  equal(numbersOf(open(disk.copy()).replayed), fates?.proposed);
});

test("a failed sync is final: nothing more is acknowledged, proposed or synced", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk);
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  journal.propose(entryOf(1));
  await turns();
  is(sink.committedEntries.length, 0);
  is(sink.failures[0]?.code, "KRON_JOURNAL_FAILED");
  let code = "";
  try {
    journal.propose(entryOf(2));
  } catch (error) {
    if (isKronError(error)) code = error.code;
  }
  is(code, "KRON_STOPPED");
  const syncs = disk.trace.filter((call) => call.startsWith("sync")).length;
  await journal.close();
  is(disk.trace.filter((call) => call.startsWith("sync")).length, syncs);
  is(disk.openCount, 0);
});

test("after a failed sync the next start writes the tail again, since pages may be clean and not on disk", async () => {
  const disk = new SimDisk();
  const first = open(disk);
  await commit(first, entryOf(1));
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  first.journal.propose(entryOf(2));
  await turns();
  await first.journal.close();
  disk.failIf = undefined;
  // The process starts again on the same machine, whose memory still shows entry 2.
  const second = open(disk);
  equal(numbersOf(second.replayed), [1, 2]);
  is(second.notices[0]?.kind, "tail-rewritten");
  // Had it only been synced, entry 2 would be lost here although it was relied upon.
  equal(numbersOf(open(disk.crash(afterLoss)).replayed), [1, 2]);
});

test("a full disk refuses entries, keeps the journal readable, and is tried again after a pause", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  const { journal, sink, clock, notices } = opened;
  await commit(opened, entryOf(1, 1000), entryOf(2));
  disk.failIf = (call, path) => (call === "write" && path === `${directory}/kron.aof` ? "ENOSPC" : undefined);
  journal.propose(entryOf(3));
  journal.propose(entryOf(4));
  await turns();
  equal(numbersOf(sink.refusedEntries), [3, 4]);
  is(sink.refusals[0]?.code, "KRON_DISK_FULL");
  is(journal.pendingCount, 0);
  is(journal.pendingBytes, 0);
  ok(notices.some(({ kind }) => kind === "write-refused"));
  const { calls } = disk;
  journal.propose(entryOf(5));
  await turns();
  is(disk.calls, calls, "no call within the pause");
  clock.advance(100);
  await turns();
  equal(numbersOf(sink.refusedEntries), [3, 4, 5]);
  disk.failIf = undefined;
  journal.propose(entryOf(6));
  clock.advance(100);
  await turns();
  equal(
    sink.committedEntries.map(([index, , entry]) => [index, entry[1]?.[1]]),
    [
      [1, 1],
      [2, 2],
      [3, 6],
    ],
  );
  await journal.close();
  equal(numbersOf(open(disk.copy()).replayed), [1, 2, 6]);
});

test("without room for a new segment a smaller one is used, and without any room entries are refused", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  const { journal, sink, clock } = opened;
  disk.freeBytes = 3000;
  let number = 0;
  while (sink.refusedEntries.length === 0 && number < 100) {
    number += 1;
    journal.propose(entryOf(number, 100));
    await turns(4);
    clock.advance(5);
    await turns(4);
  }
  ok(number > 8, `${number} entries fitted`);
  is(sink.committedEntries.length, number - 1);
  is(sink.failures.length, 0);
  disk.freeBytes = 1_000_000;
  clock.advance(100);
  await commit(opened, entryOf(1000));
  await journal.close();
  is(numbersOf(open(disk.copy()).replayed).length, number);
});

test("every call failing once while a whole journal is opened: refused with a code, or whole", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  for (let number = 1; number <= 6; number += 1) await commit(opened, entryOf(number, 300));
  const whole = disk.copy();
  open(whole);
  for (let call = 1; call <= whole.calls; call += 1) {
    const after = disk.copy();
    after.failAt = { call, code: "EIO" };
    const what = `call ${call} (${whole.trace[call - 1]})`;
    try {
      is(open(after).replayed.length, 6, what);
    } catch (error) {
      ok(isKronError(error), `${what}: ${error}`);
      if (after.trace[call - 1] !== "close") is(after.openCount, 0, `${what}: files left open`);
    }
    is(open(after.crash(afterLoss)).replayed.length, 6, `${what}, then a crash`);
  }
});

test("the tail is written again also when the padding behind it was cut off", async () => {
  const disk = new SimDisk();
  const first = open(disk);
  await commit(first, entryOf(1));
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  first.journal.propose(entryOf(2));
  await turns();
  await first.journal.close();
  disk.failIf = undefined;
  const path = `${directory}/kron.aof`;
  const bytes = disk.contents(path);
  disk.put(path, bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 8));
  const second = open(disk);
  equal(numbersOf(second.replayed), [1, 2]);
  is(second.notices[0]?.kind, "tail-rewritten");
  await commit(second, entryOf(3));
  equal(numbersOf(open(disk.crash(afterLoss)).replayed), [1, 2, 3]);
});

test("an error that is none is told as it is", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk);
  const odd: unknown = "not an error";
  disk.failIf = (call) => {
    if (call === "write") throw odd;
    return undefined;
  };
  journal.propose(entryOf(1));
  await turns();
  ok(sink.refusals[0]?.message.endsWith(": not an error"));
  is(sink.refusals[0]?.cause, odd);
});

test("writeFully() gives up on a disk that takes nothing and says nothing", () => {
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  const file = disk.openWrite(`${directory}/file`, { create: true });
  let writes = 0;
  const lazy: Disk = Object.assign(Object.create(disk) as Disk, {
    write: (into: number, from: Uint8Array, position: number) => {
      writes += 1;
      return writes === 1 ? disk.write(into, from.subarray(0, 3), position) : 0;
    },
  });
  throws(
    () => writeFully(lazy, file, new Uint8Array(10), 0),
    (error: NodeJS.ErrnoException) => error.code === "EIO",
  );
  is(writes, 2);
});

test.run();
