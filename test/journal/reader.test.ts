import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { FileWindow } from "../../src/journal/file-window.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { repairJournal } from "../../src/journal/repair.ts";
import { Sidecar } from "../../src/journal/sidecar.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, numbersOf, open, TestClock, testRandom, turns } from "./harness.ts";

const test = suite("journal reader and repair", 100_000);
const active = `${directory}/kron.aof`;
const writing = [
  "write",
  "truncate",
  "rename",
  "remove",
  "openWrite",
  "syncData",
  "syncDataNow",
  "syncDirectory",
  "makeDirectory",
];

async function makeJournal(count = 30): Promise<SimDisk> {
  const disk = new SimDisk();
  const opened = open(disk);
  for (let number = 1; number <= count; number += 1) await commit(opened, entryOf(number, 300));
  return disk;
}

function read(disk: SimDisk): { numbers: unknown[]; reading: ReturnType<typeof readJournal> } {
  const entries: ReturnType<typeof entryOf>[] = [];
  const reading = readJournal(directory, disk, (_index, _term, entry) => entries.push(entry));
  return { numbers: numbersOf(entries), reading };
}

test("readJournal() gives every entry with its place, and writes nothing", async () => {
  const disk = await makeJournal();
  disk.trace.length = 0;
  const places: string[] = [];
  const reading = readJournal(directory, disk, (index, _term, _entry, { segment, offset, bytes }) => {
    ok(disk.contents(`${directory}/${segment}`).length >= offset + bytes);
    places.push(`${segment}:${offset}:${index}`);
  });
  is(new Set(places).size, 30);
  equal(reading.verdict, { kind: "clean" });
  is(reading.entries, 30);
  is(reading.firstIndex, 1);
  is(reading.lastIndex, 30);
  is(reading.lastTerm, 0);
  is(reading.durableIndex, 30);
  ok(reading.segments > 2 && reading.bytes > 30 * 300);
  is(reading.uuid?.length, 16);
  is(
    disk.trace.some((call) => writing.includes(call)),
    false,
  );
});

test("readJournal() says what is missing", () => {
  const disk = new SimDisk();
  is(read(disk).reading.verdict.kind, "missing");
  disk.makeDirectory(directory);
  is(read(disk).reading.verdict.kind, "missing");
});

test("readJournal() beside a writer is never wrong, at whichever call the writer moves on", async () => {
  const total = 40;
  for (let call = 1; call < 60; call += 1) {
    const disk = new SimDisk();
    const opened = open(disk);
    for (let number = 1; number <= 9; number += 1) await commit(opened, entryOf(number, 300));
    const acknowledged = opened.sink.committedEntries.length;
    // What the writer does until it has 40 entries, made beforehand and swapped in between two calls of the reader.
    const later = disk.copy();
    const writer = open(later);
    for (let number = 10; number <= total; number += 1) await commit(writer, entryOf(number, 300));
    let made = 0;
    const live = new SimDisk();
    live.makeDirectory(directory);
    for (const path of disk.paths()) live.put(path, disk.contents(path));
    live.failIf = () => {
      made += 1;
      if (made === call) for (const path of later.paths()) live.put(path, later.contents(path));
      return undefined;
    };
    const { numbers, reading } = read(live);
    ok(["clean", "torn"].includes(reading.verdict.kind), `call ${call}: ${JSON.stringify(reading.verdict)}`);
    ok(numbers.length >= acknowledged);
    equal(
      numbers,
      Array.from({ length: numbers.length }, (_, at) => at + 1),
    );
  }
});

test("readJournal() calls a half-written batch torn, not corrupt", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  await commit(opened, entryOf(1));
  disk.holdSyncs = true;
  opened.journal.propose(entryOf(2, 2000));
  await turns();
  const half = disk.crash({
    sector: (_path, at) => (at % 2 === 0 ? "new" : "old"),
    size: () => "new",
    names: (count) => count,
  });
  const { numbers, reading } = read(half);
  equal(numbers, [1]);
  is(reading.verdict.kind, "torn");
  if (reading.verdict.kind === "torn") is(reading.verdict.offset, 1024);
});

test("readJournal() names the damage that open() refuses", async () => {
  const disk = await makeJournal();
  const damaged = disk.copy();
  const path = `${directory}/kron.aof.0000000000000001`;
  damaged.put(path, damaged.contents(path).fill(0, 1024, 1536));
  const { reading, numbers } = read(damaged);
  is(reading.verdict.kind, "corrupt");
  if (reading.verdict.kind !== "corrupt") return;
  is(reading.verdict.segment, "kron.aof.0000000000000001");
  is(reading.verdict.firstIndex, numbers.length + 1);
});

const noLock = { clock: new TestClock(), acquireLock: () => ({ release: () => undefined }) };

test("repairJournal() only looks unless the loss is accepted, and leaves a whole journal alone", async () => {
  const disk = await makeJournal();
  const whole = repairJournal(directory, disk.copy(), { ...noLock, acceptLoss: true });
  is(whole.outcome, "nothing to do");
  is(whole.lastIndex, 30);
  const damaged = disk.copy();
  damaged.put(active, damaged.contents(active).fill(0xff, 512, 600));
  damaged.trace.length = 0;
  is(repairJournal(directory, damaged, { ...noLock, acceptLoss: false }).outcome, "loss not accepted");
  is(
    damaged.trace.some((call) => writing.includes(call)),
    false,
  );
});

test("repairJournal() cuts at any damage, keeps every byte it gives up, and makes the journal usable", async () => {
  const disk = await makeJournal();
  for (const path of disk.paths().filter((name) => name.includes(".aof") && !name.endsWith(".next"))) {
    for (const offset of [0, 512, 1024, 2048]) {
      const damaged = disk.copy();
      const before = damaged.contents(path).fill(0xaa, offset, offset + 512);
      damaged.put(path, before);
      const good = read(damaged).numbers;
      const report = repairJournal(directory, damaged, { ...noLock, acceptLoss: true });
      is(report.outcome, "repaired", `${path}:${offset}`);
      is(report.lastIndex, good.length);
      is(damaged.openCount, 0);
      const kept = report.setAside.some((aside) =>
        damaged.contents(aside).includes(before.subarray(offset, offset + 512)),
      );
      ok(kept, `${path}:${offset}: the damaged bytes are set aside`);
      const again = open(damaged);
      equal(numbersOf(again.replayed), good);
      await commit(again, entryOf(777));
      equal(numbersOf(open(damaged.copy()).replayed), [...good, 777]);
    }
  }
});

test("repairJournal() may be cut short at any call and repeated", async () => {
  const disk = await makeJournal();
  const path = `${directory}/kron.aof.0000000000000001`;
  disk.put(path, disk.contents(path).fill(0xaa, 1024, 1030));
  const good = read(disk).numbers;
  const whole = disk.copy();
  repairJournal(directory, whole, { ...noLock, acceptLoss: true });
  for (let call = 1; call <= whole.calls; call += 1) {
    const damaged = disk.copy();
    damaged.failIf = () => (damaged.calls >= call ? "EIO" : undefined);
    try {
      repairJournal(directory, damaged, { ...noLock, acceptLoss: true });
    } catch {
      // The crash.
    }
    for (const names of [0, 1, 2, 3, 99]) {
      for (const fate of ["old", "new"] as const) {
        const after = damaged.crash({ sector: () => fate, size: () => fate, names: (count) => Math.min(count, names) });
        let code = "";
        try {
          equal(numbersOf(open(after).replayed), good, `call ${call}`);
          continue;
        } catch (error) {
          if (isKronError(error)) code = error.code;
          else throw error;
        }
        is(code, "KRON_JOURNAL_CORRUPT");
        repairJournal(directory, after, { ...noLock, acceptLoss: true });
        equal(numbersOf(open(after).replayed), good, `call ${call}, repeated`);
      }
    }
  }
});

test("repairJournal() rewrites a sidecar of another journal and gives up where nothing is readable", async () => {
  const disk = await makeJournal(5);
  const other = new SimDisk();
  open(other, { random: { bytes: (count) => new Uint8Array(count).fill(9) } });
  disk.put(`${directory}/kron.sync`, other.contents(`${directory}/kron.sync`));
  is(repairJournal(directory, disk, { ...noLock, acceptLoss: true }).outcome, "repaired");
  equal(numbersOf(open(disk.copy()).replayed), [1, 2, 3, 4, 5]);
  const lost = new SimDisk();
  lost.makeDirectory(directory);
  lost.put(active, Buffer.alloc(4096, 1));
  try {
    repairJournal(directory, lost, { ...noLock, acceptLoss: true });
    ok(false, "it was repaired");
  } catch (error) {
    ok(isKronError(error, "KRON_JOURNAL_CORRUPT"));
  }
});

test("repairJournal() has nothing to set aside where the end is merely missing", async () => {
  const disk = await makeJournal();
  let lastAt = 0;
  readJournal(directory, disk, (_index, _term, _entry, { offset }) => {
    lastAt = offset;
  });
  disk.put(active, disk.contents(active).subarray(0, lastAt));
  is(read(disk).reading.verdict.kind, "corrupt");
  const report = repairJournal(directory, disk, { ...noLock, acceptLoss: true });
  equal([report.outcome, report.lastIndex, report.setAside], ["repaired", 29, []]);
  is(numbersOf(open(disk).replayed).length, 29);
});

test("repairJournal() does without a sidecar", async () => {
  const disk = await makeJournal();
  const path = `${directory}/kron.aof.0000000000000001`;
  disk.put(path, disk.contents(path).fill(0xaa, 1024, 1030));
  disk.drop(`${directory}/kron.sync`);
  const { numbers } = read(disk);
  is(repairJournal(directory, disk, { ...noLock, acceptLoss: true }).outcome, "repaired");
  equal(numbersOf(open(disk).replayed), numbers);
});

test("FileWindow.ensure() finds that a file has become shorter", () => {
  const disk = new SimDisk();
  disk.put("/file", Buffer.alloc(1000, 1));
  const file = disk.openWrite("/file", { create: false });
  const window = new FileWindow(disk, file);
  disk.truncate(file, 100);
  is(window.ensure(50, 500), -1);
  is(window.ensure(50, 50), 0);
  window.forget();
  is(window.size, 100);
});

test("an entry larger than the window of a reader is read", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  await commit(opened, entryOf(1, 1_500_000), entryOf(2));
  equal(numbersOf(open(disk.copy()).replayed), [1, 2]);
});

test("a journal whose entries were all dropped behind a snapshot goes on where the sidecar says", async () => {
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  const file = disk.openWrite(`${directory}/kron.sync`, { create: true });
  const sidecar = new Sidecar(disk, file, testRandom().bytes(16), 5, 0);
  sidecar.create(4);
  sidecar.close();
  const opened = open(disk, {}, { index: 4, term: 0, uuid: testRandom().bytes(16) });
  is(opened.journal.firstIndex, 5);
  is(opened.journal.replayedIndex, 4);
  await commit(opened, entryOf(5));
  is(opened.sink.committedEntries[0]?.[0], 5);
  const indexes: number[] = [];
  const reading = readJournal(directory, disk, (index) => indexes.push(index));
  equal(indexes, [5]);
  is(reading.verdict.kind, "clean");
});

test.run();
