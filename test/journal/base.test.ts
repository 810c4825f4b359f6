/** Starting from a snapshot: what is read, what need not be, and everything that does not fit refused. */

import { equal, instance, is, ok } from "uvu/assert";
import { isKronError, KronError } from "../../src/core/errors.ts";
import type { Base, FoundJournal } from "../../src/journal/base.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, numbersOf, type Opened, open, TestClock, testRandom, turns } from "./harness.ts";
import { baseAt, longDisk, longEntry, openLong, range, sealedFirsts, sealedPaths, tinyLimits } from "./long-journal.ts";

const test = suite("journal base", 60_000);
const active = `${directory}/kron.aof`;
const sidecar = `${directory}/kron.sync`;
const count = 24;

/** Opens and says with which error that was refused, having checked that everything was given back. */
function refusal(disk: SimDisk, base?: Base): KronError {
  let released = 0;
  const acquireLock = () => ({ release: () => void released++ });
  try {
    open(disk, { acquireLock }, base);
  } catch (error) {
    if (!(error instanceof KronError)) throw error;
    equal([released, disk.openCount], [1, 0]);
    ok(error.hint !== undefined);
    return error;
  }
  throw new Error("It was opened");
}

/** What `details` of a refusal say about the entries that are not there. */
function missing({ code, details }: KronError): unknown[] {
  return [code, details?.firstIndex, details?.lastIndex];
}

/** The disk with all sealed segments dropped that end below `index`, as a drop leaves it. */
async function dropped(disk: SimDisk, index: number): Promise<SimDisk> {
  const after = disk.copy();
  const opened = open(after, { limits: tinyLimits });
  await opened.journal.dropBefore(index);
  await opened.journal.close();
  return after.copy();
}

test("openJournal() asks for the base once, under the lock, before any entry, and replays what follows it", async () => {
  const disk = await longDisk(count);
  const calls: string[] = [];
  const found: FoundJournal[] = [];
  const options = {
    ...({ directory, disk, clock: new TestClock(), random: testRandom(), profile: "standard" } as const),
    ...({ durability: { kind: "always" }, report: () => undefined, limits: tinyLimits } as const),
    acquireLock: () => {
      calls.push("lock");
      return { release: () => void calls.push("release") };
    },
    loadBase: async (what: FoundJournal) => {
      await turns(2);
      found.push(what);
      calls.push("load");
      return baseAt(20);
    },
  };
  const journal = await openJournal(options, (index) => calls.push(`replay ${index}`));
  equal(calls, ["lock", "load", "replay 21", "replay 22", "replay 23", "replay 24"]);
  equal(found, [{ uuid: Buffer.from(journal.uuid), firstIndex: 1, durableIndex: count, hasSegments: true }]);
  is(journal.replayedIndex, count);
  await journal.close();
  is(calls.at(-1), "release");
  // Whatever ends the loading ends the opening, as it is.
  const mine = new RangeError("mine");
  let thrown: unknown;
  const loadBase = (): undefined => {
    throw mine;
  };
  await openJournal({ ...options, loadBase }, () => undefined).catch((error: unknown) => {
    thrown = error;
  });
  is(thrown, mine);
  is(calls.at(-1), "release");
  is(disk.openCount, 0);
  equal((await openJournal({ ...options, loadBase: () => undefined }, () => undefined)).replayedIndex, count);
});

test("whatever entry the base ends at, exactly those behind it are replayed, and the journal goes on", async () => {
  const disk = await longDisk(count);
  for (let index = 0; index <= count; index += 1) {
    const after = disk.copy();
    const opened = await openLong(after, count + 2, {}, baseAt(index));
    equal(numbersOf(opened.replayed), range(index + 1, count));
    await opened.journal.close();
    // The chain is whole, also where it was not read.
    equal(numbersOf(open(after).replayed), range(1, count + 2));
  }
});

test("segments that end at or before the base are not read, however many there are", async () => {
  const disk = await longDisk(count);
  const firsts = sealedFirsts(disk);
  ok(firsts.length >= 4);
  for (const base of [0, ...firsts.map((first) => first - 1), ...firsts, count]) {
    const opened = new Set<string>();
    const after = disk.copy();
    after.failIf = (call, path) => {
      if (call === "openRead") opened.add(path);
      return undefined;
    };
    open(after, {}, baseAt(base));
    for (const [at, path] of sealedPaths(disk).entries()) {
      const isNeeded = (firsts[at + 1] ?? activeFirst(disk)) > base + 1;
      is(opened.has(path), isNeeded, `${path} for a base at ${base}`);
    }
  }
});

/** The index of the active segment's first entry. */
function activeFirst(disk: SimDisk): number {
  let first = 0;
  readJournal(directory, disk.copy(), (index, _term, _entry, { segment }) => {
    if (segment === "kron.aof" && first === 0) first = index;
  });
  return first;
}

test("damage where nothing is read does not matter, and damage where something is read is refused as ever", async () => {
  const disk = await longDisk(count);
  const paths = sealedPaths(disk);
  const firsts = sealedFirsts(disk);
  const base = baseAt((firsts[2] ?? 0) + 1);
  for (const [at, path] of [...paths, active].entries()) {
    for (const change of ["damage", "missing"] as const) {
      const after = disk.copy();
      if (change === "damage") after.put(path, after.contents(path).fill(0xff, 600, 610));
      else after.drop(path);
      if (at < 2) equal(numbersOf(open(after, {}, base).replayed), range(base.index + 1, count));
      else is(refusal(after, base).code, "KRON_JOURNAL_CORRUPT", `${path} ${change}`);
    }
  }
  const after = disk.copy();
  after.drop(paths[3] ?? "");
  const [, first, last] = missing(refusal(after, base));
  equal([first, last], [firsts[3], (firsts[4] ?? 0) - 1]);
});

test("any byte changed in a journal that dropped its beginning: refused, or all that follows the base is there", async () => {
  const disk = new SimDisk();
  const opened = await openLong(disk, 12);
  const firsts = sealedFirsts(disk);
  await opened.journal.dropBefore(firsts.at(-1) ?? 0);
  const left = disk.copy();
  ok(firsts.length >= 3 && sealedPaths(left).length === 1);
  // The other slot of the sidecar still states the beginning of before.
  const base = baseAt(firsts.at(-1) ?? 0);
  for (const path of [...sealedPaths(left), active, sidecar]) {
    const bytes = left.contents(path);
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = left.copy();
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      damaged.put(path, changed);
      try {
        equal(numbersOf(open(damaged, {}, base).replayed), range(base.index + 1, 12), `${path}:${at}`);
      } catch (error) {
        ok(isKronError(error, "KRON_JOURNAL_CORRUPT"), `${path}:${at}: ${error}`);
        refused += 1;
      }
    }
    if (path === sidecar) is(refused, 0, "one slot of two is enough");
    else ok(refused > 600, `${path}: ${refused}`);
  }
});

test("a snapshot of another journal is refused, whatever says which journal it is", async () => {
  const disk = await longDisk(count);
  const foreign: Base = { index: 20, term: 0, uuid: new Uint8Array(16).fill(9) };
  const onlyActive = await dropped(disk, count + 1);
  const noSidecar = onlyActive.copy();
  noSidecar.drop(sidecar);
  const onlySegments = disk.copy();
  onlySegments.drop(sidecar);
  for (const each of [disk.copy(), onlyActive, noSidecar, onlySegments]) {
    const error = refusal(each, foreign);
    is(error.code, "KRON_SNAPSHOT_FOREIGN");
    is(error.details?.snapshot, "09".repeat(16));
  }
  // Nothing can be said about a directory without a journal, but that it ends too early.
  const empty = new SimDisk();
  is(refusal(empty, foreign).code, "KRON_JOURNAL_CORRUPT");
});

test("an active segment of another journal is damage, not a torn write, however little is known", async () => {
  const disk = await longDisk(3);
  const other = new SimDisk();
  await commit(open(other, { random: testRandom(77) }), longEntry(1));
  for (const [hasSidecar, base] of [
    [true, undefined],
    [true, baseAt(3)],
  ] as const) {
    const after = disk.copy();
    if (!hasSidecar) after.drop(sidecar);
    after.put(active, other.contents(active));
    is(refusal(after, base).code, "KRON_JOURNAL_CORRUPT");
  }
  const young = new SimDisk();
  const opened = open(young);
  await opened.journal.close();
  young.put(active, other.contents(active));
  is(refusal(young, baseAt(0)).details?.fault, "segment of another journal");
});

test("entries missing between the snapshot and the journal's beginning are named", async () => {
  const disk = await longDisk(count);
  const firsts = sealedFirsts(disk);
  const first = firsts[2] ?? 0;
  const after = await dropped(disk, first);
  equal(missing(refusal(after, baseAt(first - 3))), ["KRON_JOURNAL_CORRUPT", first - 2, first - 1]);
  equal(numbersOf(open(after.copy(), {}, baseAt(first - 1)).replayed), range(first, count));
  // The same without the sidecar that says so: the names do.
  after.drop(sidecar);
  equal(missing(refusal(after.copy(), baseAt(first - 3))), ["KRON_JOURNAL_CORRUPT", first - 2, first - 1]);
  // And where only the first frame of the only segment says it.
  const last = await dropped(disk, count + 1);
  last.drop(sidecar);
  equal(sealedFirsts(last), []);
  const [code, from] = missing(refusal(last, baseAt(3)));
  equal([code, from], ["KRON_JOURNAL_CORRUPT", 4]);
});

test("a journal that ends before its snapshot is refused, also when nothing is left of it", async () => {
  const disk = await longDisk(count);
  equal(missing(refusal(disk.copy(), baseAt(count + 1))), ["KRON_JOURNAL_CORRUPT", count + 1, count + 1]);
  const noSidecar = disk.copy();
  noSidecar.drop(sidecar);
  equal(missing(refusal(noSidecar, baseAt(count + 9))), ["KRON_JOURNAL_CORRUPT", count + 1, count + 9]);
  const empty = new SimDisk();
  equal(missing(refusal(empty, baseAt(5))), ["KRON_JOURNAL_CORRUPT", 1, 5]);
  const onlySidecar = disk.copy();
  for (const path of [...sealedPaths(disk), active]) onlySidecar.drop(path);
  equal(missing(refusal(onlySidecar, baseAt(count))), ["KRON_JOURNAL_CORRUPT", 1, count]);
  const noActive = disk.copy();
  noActive.drop(active);
  is(refusal(noActive, baseAt(count)).code, "KRON_JOURNAL_CORRUPT");
  noActive.drop(sidecar);
  is(refusal(noActive, baseAt(count)).code, "KRON_JOURNAL_CORRUPT");
});

test("a journal that dropped its beginning does not start without the snapshot", async () => {
  const disk = await longDisk(count);
  const first = sealedFirsts(disk)[1] ?? 0;
  const after = await dropped(disk, first);
  const error = refusal(after.copy());
  equal(missing(error), ["KRON_SNAPSHOT_CORRUPT", 1, first - 1]);
  ok(error.hint?.includes("kron restore"));
  after.drop(sidecar);
  equal(missing(refusal(after)), ["KRON_SNAPSHOT_CORRUPT", 1, first - 1]);
});

test("a lost or damaged sidecar is made anew where the base covers what was dropped", async () => {
  const disk = await longDisk(count);
  const firsts = sealedFirsts(disk);
  for (const index of [...firsts.slice(1), count + 1]) {
    for (const isLost of [true, false]) {
      const after = await dropped(disk, index);
      const first = sealedFirsts(after)[0] ?? activeFirst(after);
      if (isLost) after.drop(sidecar);
      else after.put(sidecar, after.contents(sidecar).fill(0x55));
      const opened: Opened = open(after, {}, baseAt(count - 1));
      equal(opened.notices, [{ kind: "sidecar-rebuilt", path: sidecar }]);
      is(opened.journal.firstIndex, first);
      equal(numbersOf(opened.replayed), [count]);
      await commitAll(opened, count + 1, count + 4);
      equal(numbersOf(open(after.copy(), {}, baseAt(first - 1)).replayed), range(first, count + 4));
    }
  }
});

async function commitAll(opened: Opened, first: number, last: number): Promise<void> {
  for (const number of range(first, last)) await commit(opened, longEntry(number));
}

test("a torn first batch of the active segment leaves the chain to the newest sealed one", async () => {
  // The last entry is the first of its segment, and not synced when the power fails.
  let last = count;
  let disk = await longDisk(last);
  while (activeFirst(disk) !== last) {
    last += 1;
    disk = await longDisk(last);
  }
  const head = disk.contents(active);
  for (const at of [520, 552, 560, 1023]) {
    const after = disk.copy();
    after.put(sidecar, (await longDisk(last - 1)).contents(sidecar));
    after.put(active, Buffer.from(head).fill(head.readUInt8(at) ^ 0xff, at, at + 1));
    const opened = open(after, { limits: tinyLimits }, baseAt(last - 1));
    is(opened.notices[0]?.kind, "torn-tail-cut", String(at));
    equal(numbersOf(opened.replayed), []);
    await commitAll(opened, last, last + 2);
    equal(numbersOf(open(after.copy()).replayed), range(1, last + 2));
  }
});

test("entries behind the base may not have a lower term than its own", async () => {
  const opened = open(new SimDisk());
  await opened.journal.close();
  const disk = await longDisk(0);
  const base = { ...baseAt(0), term: 3 };
  const first = open(disk, {}, base);
  await commit(first, longEntry(1));
  equal(
    first.sink.committedEntries.map(([, term]) => term),
    [3],
  );
  await first.journal.close();
  is(refusal(disk.copy(), { ...base, term: 4 }).code, "KRON_JOURNAL_CORRUPT");
  equal(numbersOf(open(disk, {}, base).replayed), [1]);
});

test("every call failing once during a start from a base: refused with a code, or whole", async () => {
  const disk = await longDisk(count);
  const first = sealedFirsts(disk)[2] ?? 0;
  const shorter = await dropped(disk, first);
  const torn = shorter.copy();
  torn.put(active, Buffer.concat([torn.contents(active).subarray(0, 3584), Buffer.alloc(512, 3)]));
  // A drop that was cut short: the sidecar says more than was removed.
  const cutShort = shorter.copy();
  for (const path of sealedPaths(disk).slice(0, 2)) cutShort.put(path, disk.contents(path));
  const noSidecar = shorter.copy();
  noSidecar.drop(sidecar);
  for (const [what, start] of Object.entries({ shorter, torn, cutShort, noSidecar })) {
    for (const base of [first - 1, first, count]) {
      const whole = start.copy();
      const good = open(whole, {}, baseAt(base));
      equal(numbersOf(good.replayed), range(base + 1, count));
      for (let call = 1; call <= whole.calls; call += 1) {
        const after = start.copy();
        after.failAt = { call, code: "EIO" };
        const where = `${what}, base ${base}, call ${call} (${whole.trace[call - 1]})`;
        try {
          equal(numbersOf(open(after, {}, baseAt(base)).replayed), range(base + 1, count), where);
        } catch (error) {
          ok(isKronError(error), `${where}: ${error}`);
          if (after.trace[call - 1] !== "close") is(after.openCount, 0, `${where}: files left open`);
        }
        const lost = after.crash({ sector: () => "old", size: () => "old", names: () => 0 });
        equal(numbersOf(open(lost, {}, baseAt(base)).replayed), range(base + 1, count), `${where}, then a crash`);
      }
    }
  }
});

test("what a drop cut short by a crash has left is removed by the next start, and looked at by nobody", async () => {
  const disk = await longDisk(count);
  const firsts = sealedFirsts(disk);
  const first = firsts[3] ?? 0;
  const after = await dropped(disk, first);
  for (const path of sealedPaths(disk).slice(1, 3)) after.put(path, Buffer.alloc(100, 7));
  const indexes: number[] = [];
  const reading = readJournal(directory, after, (index) => indexes.push(index));
  equal([reading.verdict, reading.firstIndex], [{ kind: "clean" }, first]);
  equal(indexes, range(first, count));
  equal(sealedFirsts(after), firsts.slice(1), "a reader removes nothing");
  is(reading.segments, firsts.length - 3 + 1);
  const refused = after.copy();
  refused.failIf = (call, path) => (call === "remove" && path !== `${active}.next` ? "EACCES" : undefined);
  const left = open(refused, { limits: tinyLimits }, baseAt(count));
  equal(
    left.notices.map(({ kind }) => kind),
    ["drop-failed"],
  );
  refused.failIf = undefined;
  equal(await left.journal.dropBefore(first), { segments: 2, bytes: 200 });
  equal(sealedFirsts(refused), firsts.slice(3));
  const opened = open(after, { limits: tinyLimits }, baseAt(count));
  equal(opened.notices, []);
  equal(sealedFirsts(after), firsts.slice(3));
  is(opened.journal.segmentCount, firsts.length - 3 + 1);
  instance(opened.journal.uuid, Uint8Array);
});

test.run();
