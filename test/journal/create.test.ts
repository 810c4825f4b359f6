/** Making a journal that begins behind a snapshot. */

import { equal, is, ok, throws } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { createJournal } from "../../src/journal/create.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, numbersOf, open } from "./harness.ts";

const test = suite("journal create");
const uuid = new Uint8Array(16).fill(5);
const acquireLock = () => ({ release: () => undefined });
const base = { index: 41, term: 2, uuid };

test("createJournal() makes an empty journal that goes on behind its snapshot, and nowhere else", async () => {
  const disk = new SimDisk();
  createJournal(directory, disk, { uuid, firstIndex: 42, acquireLock });
  is(disk.openCount, 0);
  equal(disk.paths(), [`${directory}/kron.sync`]);
  const { verdict, firstIndex, lastIndex, durableIndex } = readJournal(directory, disk, () => undefined);
  equal([verdict.kind, firstIndex, lastIndex, durableIndex], ["missing", 42, 41, 41]);
  for (const wrong of [
    undefined,
    { ...base, index: 40 },
    { ...base, index: 42 },
    { ...base, uuid: uuid.map(() => 6) },
  ]) {
    throws(() => open(disk.copy(), {}, wrong), isKronError);
  }
  const opened = open(disk, {}, base);
  ok(Buffer.from(opened.journal.uuid).equals(uuid));
  equal([opened.journal.replayedIndex, opened.journal.firstIndex, opened.journal.durableIndex], [41, 42, 41]);
  await commit(opened, entryOf(42), entryOf(43));
  equal(
    opened.sink.committedEntries.map(([index, term]) => [index, term]),
    [
      [42, 2],
      [43, 2],
    ],
  );
  equal(numbersOf(open(disk.copy(), {}, base).replayed), [42, 43]);
  equal(numbersOf(open(disk.copy(), {}, { ...base, index: 43 }).replayed), []);
});

test("createJournal() at index 1 makes a journal that needs no snapshot", () => {
  const disk = new SimDisk();
  createJournal(directory, disk, { uuid, firstIndex: 1, acquireLock });
  is(open(disk).journal.replayedIndex, 0);
});

test("createJournal() refuses a directory that holds any file of a journal, and ids and indexes that are none", () => {
  const names = ["kron.aof", "kron.aof.0000000000000007", "kron.aof.next", "kron.aof.torn-1", "kron.sync"];
  for (const name of names) {
    const disk = new SimDisk();
    disk.makeDirectory(directory);
    disk.put(`${directory}/${name}`, new Uint8Array(10));
    let released = 0;
    const lock = () => ({ release: () => void released++ });
    throws(
      () => createJournal(directory, disk, { uuid, firstIndex: 42, acquireLock: lock }),
      (error: unknown) => isKronError(error, "KRON_DIR_UNUSABLE") && error.message.endsWith(name),
    );
    is(released, 1);
    is(disk.contents(`${directory}/${name}`).length, 10);
  }
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  disk.put(`${directory}/kron.snapshot`, new Uint8Array(10));
  throws(() => createJournal(directory, disk, { uuid: new Uint8Array(3), firstIndex: 42, acquireLock }));
  for (const firstIndex of [0, -1, 1.5]) {
    throws(() => createJournal(directory, disk, { uuid, firstIndex, acquireLock }));
  }
  createJournal(directory, disk, { uuid, firstIndex: 42, acquireLock });
});

test("every call of createJournal() failing, or followed by power loss: a journal is there, or none and it can be repeated", () => {
  const whole = new SimDisk();
  createJournal(directory, whole, { uuid, firstIndex: 42, acquireLock });
  for (const code of ["EIO", "ENOSPC"]) {
    for (let call = 1; call <= whole.calls; call += 1) {
      const disk = new SimDisk();
      disk.failAt = { call, code };
      const what = `call ${call} (${whole.trace[call - 1]}) with ${code}`;
      let isMade = false;
      try {
        createJournal(directory, disk, { uuid, firstIndex: 42, acquireLock });
        isMade = true;
      } catch (error) {
        ok(isKronError(error, code === "EIO" ? "KRON_DIR_UNUSABLE" : "KRON_DISK_FULL"), what);
        if (whole.trace[call - 1] !== "close") is(disk.openCount, 0, what);
        equal(disk.paths(), [], what);
      }
      for (const fate of ["old", "garbage", "new"] as const) {
        for (const names of [0, 1, 2, 9]) {
          const after = disk.crash({ sector: () => fate, size: () => "new", names: (all) => Math.min(all, names) });
          if (!isMade && !after.exists(`${directory}/kron.sync`)) {
            createJournal(directory, after, { uuid, firstIndex: 42, acquireLock });
          }
          is(open(after, {}, base).journal.firstIndex, 42, what);
        }
      }
    }
  }
});

test.run();
