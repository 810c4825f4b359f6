import { equal, instance, is, not, ok } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import type { Entry } from "../../src/core/record.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, looseEntry, numbersOf, open, testRandom, turns } from "./harness.ts";

const test = suite("journal");
const active = `${directory}/kron.aof`;
/** Keeps the making of the next segment, and its syncs, out of the picture. */
const oneSegment = { limits: { segmentBytesMin: 1024 * 1024 } };

function codeOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    if (isKronError(error)) return error.code;
    throw error;
  }
  return "nothing thrown";
}

test("propose() is answered only after the sync, with the same object, in order, and then settled", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk);
  disk.holdSyncs = true;
  const entries = [entryOf(1), entryOf(2), entryOf(3)];
  for (const entry of entries) journal.propose(entry);
  is(journal.pendingCount, 3);
  ok(journal.pendingBytes >= 3 * 48);
  await turns();
  is(sink.committedEntries.length, 0);
  disk.releaseSyncs();
  is(sink.committedEntries.length, 3);
  is(sink.settledCount, 1);
  for (const [at, [index, term, entry]] of sink.committedEntries.entries()) {
    is(index, at + 1);
    is(term, 0);
    is(entry, entries[at]);
  }
  is(journal.pendingCount, 0);
  is(journal.pendingBytes, 0);
});

test("entries proposed while a sync runs go to disk in one write and one sync of their own", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk, oneSegment);
  disk.holdSyncs = true;
  journal.propose(entryOf(1));
  await turns();
  for (let number = 2; number <= 9; number += 1) journal.propose(entryOf(number));
  await turns();
  is(disk.heldCount, 1, "one sync in flight at most");
  const writes = disk.trace.filter((call) => call === "write").length;
  disk.releaseSyncs();
  is(sink.committedEntries.length, 1);
  is(disk.heldCount, 1, "the next sync starts with the end of the last");
  disk.releaseSyncs();
  is(sink.committedEntries.length, 9);
  // One for the batch and one each for the sidecar.
  is(disk.trace.filter((call) => call === "write").length - writes, 3);
});

test("propose() packs at once: later changes of the entry do not reach the file", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  const record: [number, ...unknown[]] = [1, "before"];
  opened.journal.propose(looseEntry(1, record));
  record[1] = "after";
  await turns();
  equal(open(disk.copy()).replayed[0], [1, [1, "before"]]);
});

test("propose() refuses what cannot be read back, and is then as it was", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  const { journal } = opened;
  let deep: unknown = 1;
  for (let depth = 0; depth < 40; depth += 1) deep = [deep];
  const bad: unknown[] = [Symbol("x"), new Map([[1, 2]]), 2n ** 70n, deep, "\ud800", { constructor: 1 }];
  for (const payload of bad)
    is(
      codeOf(() => journal.propose(looseEntry(1, [1, payload]))),
      "KRON_PAYLOAD_INVALID",
      String(payload),
    );
  is(
    codeOf(() => journal.propose(looseEntry(1, [1, Buffer.alloc(17 * 1024 * 1024)]))),
    "KRON_PAYLOAD_INVALID",
  );
  for (const entry of [[], [1.5], ["x"], [1, 2], [1, ["x"]]]) {
    is(
      codeOf(() => journal.propose(entry as unknown as Entry)),
      "KRON_PAYLOAD_INVALID",
    );
  }
  is(journal.pendingCount, 0);
  is(journal.pendingBytes, 0);
  journal.propose(entryOf(1));
  is(
    codeOf(() => journal.propose(looseEntry(1, [1, Symbol("y")]))),
    "KRON_PAYLOAD_INVALID",
  );
  journal.propose(entryOf(2));
  await turns();
  equal(numbersOf(open(disk.copy()).replayed), [1, 2]);
});

test("payloads come back as they were: dates, bytes, big integers, text, maps", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  const payload = {
    at: new Date(1_750_000_000_123),
    bytes: Buffer.from([1, 2]),
    big: 2n ** 60n,
    text: "žlutý 🐎",
    map: { a: [null, true, -1.5] },
  };
  await commit(opened, looseEntry(5, [1, payload]));
  equal(open(disk.copy()).replayed[0]?.[1]?.[1], payload);
});

test("propose() refuses more than may wait", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk, { limits: { pendingBytesMax: 4000, batchBytesMax: 1000 } });
  disk.holdSyncs = true;
  let taken = 0;
  while (codeOf(() => journal.propose(entryOf(taken + 1, 100))) === "nothing thrown") taken += 1;
  is(
    codeOf(() => journal.propose(entryOf(0))),
    "KRON_BACKLOG_FULL",
  );
  ok(taken > 20 && taken < 30, String(taken));
  for (let turn = 0; turn < 20; turn += 1) {
    await turns(2);
    disk.releaseSyncs();
  }
  is(sink.committedEntries.length, taken);
  ok(sink.settledCount >= 4, "a long queue goes out in several batches");
  equal(numbersOf(open(disk.copy()).replayed).length, taken);
});

test("a batch that is refused does not leave a gap for those behind it", async () => {
  const disk = new SimDisk();
  const { journal, sink, clock } = open(disk, { limits: { batchBytesMax: 600 } });
  let isFull = true;
  disk.failIf = (call, path) => (isFull && call === "write" && path === active ? "ENOSPC" : undefined);
  for (let number = 1; number <= 12; number += 1) journal.propose(entryOf(number, 100));
  await turns();
  isFull = false;
  clock.advance(100);
  await turns(20);
  const refused = sink.refusedEntries.length;
  ok(refused > 0 && refused < 12);
  equal(
    sink.committedEntries.map(([index]) => index),
    Array.from({ length: 12 - refused }, (_, at) => at + 1),
  );
  equal(numbersOf(open(disk.copy()).replayed), numbersOf(sink.committedEntries.map(([, , entry]) => entry)));
});

test("segments follow one another at the sizes asked for, and hold every entry once", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  for (let number = 1; number <= 200; number += 1) {
    await commit(opened, entryOf(number, 300));
    opened.clock.advance(2);
  }
  const sealed = disk.paths().filter((path) => /[0-9a-f]{16}$/.test(path));
  ok(sealed.length >= 6);
  for (const path of sealed) ok(disk.contents(path).length <= 16384);
  is(disk.contents(active).length, 16384);
  await opened.journal.close();
  equal(
    numbersOf(open(disk.copy()).replayed),
    Array.from({ length: 200 }, (_, at) => at + 1),
  );
});

test("an entry larger than a segment gets one to itself", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  await commit(opened, entryOf(1));
  await commit(opened, entryOf(2, 100_000));
  await commit(opened, entryOf(3));
  const again = open(disk.copy());
  equal(numbersOf(again.replayed), [1, 2, 3]);
});

test("group waits for its time before it writes, and acknowledges after the sync", async () => {
  const disk = new SimDisk();
  const { journal, sink, clock } = open(disk, { durability: { kind: "group", ms: 20 } });
  journal.propose(entryOf(1));
  await turns();
  is(
    disk
      .contents(active)
      .subarray(512)
      .every((byte) => byte === 0),
    true,
  );
  clock.advance(10);
  journal.propose(entryOf(2));
  disk.holdSyncs = true;
  clock.advance(10);
  await turns();
  is(sink.committedEntries.length, 0);
  disk.releaseSyncs();
  is(sink.committedEntries.length, 2);
  journal.propose(entryOf(3));
  const closed = journal.close();
  for (let turn = 0; turn < 6; turn += 1) {
    disk.releaseSyncs();
    await turns(2);
  }
  await closed;
  is(sink.committedEntries.length, 3, "close() does not wait for the gathering time");
});

test("everysec acknowledges after the write and syncs within a second", async () => {
  const disk = new SimDisk();
  const opened = open(disk, { ...oneSegment, durability: { kind: "everysec" } });
  const { journal, sink, clock } = opened;
  disk.holdSyncs = true;
  journal.propose(entryOf(1));
  is(sink.committedEntries.length, 0, "never from within propose()");
  await turns();
  is(sink.committedEntries.length, 1);
  is(disk.heldCount, 0);
  clock.advance(1000);
  is(disk.heldCount, 1);
  journal.propose(entryOf(2));
  await turns();
  is(sink.committedEntries.length, 2, "a running sync does not stop writes");
  clock.advance(1001);
  journal.propose(entryOf(3));
  await turns();
  is(sink.committedEntries.length, 2, "a sync that takes too long does");
  disk.releaseSyncs();
  await turns();
  is(sink.committedEntries.length, 3);
  clock.advance(1000);
  ok(disk.heldCount >= 1, "and the sidecar's, in the quiet");
  disk.releaseSyncs();
  is(disk.dirtySectors(active).length, 0);
  journal.propose(entryOf(4));
  const closed = journal.close();
  disk.holdSyncs = false;
  await turns();
  disk.releaseSyncs();
  await closed;
  is(disk.dirtySectors(active).length, 0, "close() syncs");
});

test("close() waits for what is pending, gives files and lock back, and may be called again", async () => {
  const disk = new SimDisk();
  let released = 0;
  const { journal, sink } = open(disk, {
    acquireLock: () => ({
      release: () => {
        released += 1;
      },
    }),
  });
  journal.propose(entryOf(1));
  const closed = journal.close();
  is(
    codeOf(() => journal.propose(entryOf(2))),
    "KRON_STOPPED",
  );
  is(journal.close(), closed);
  await closed;
  is(sink.committedEntries.length, 1);
  is(released, 1);
  is(disk.openCount, 0);
  is(
    disk.paths().some((path) => path.endsWith(".next")),
    false,
  );
});

test("close() without start(), start() twice or after close(), propose() before start()", async () => {
  const disk = new SimDisk();
  const { journal, sink } = open(disk);
  is(
    codeOf(() => journal.start(sink)),
    "KRON_ALREADY_STARTED",
  );
  await journal.close();
  is(
    codeOf(() => journal.start(sink)),
    "KRON_ALREADY_STARTED",
  );
  const { openJournal } = await import("../../src/journal/journal.ts");
  const options = {
    directory,
    disk,
    clock: open(new SimDisk()).clock,
    random: testRandom(),
    durability: { kind: "always" },
    profile: "edge",
    report: () => undefined,
    acquireLock: () => ({ release: () => undefined }),
  } as const;
  const silent = await openJournal(options, () => undefined);
  is(silent.pendingCount, 0);
  is(silent.pendingBytes, 0);
  is(silent.replayedIndex, 0);
  is(silent.firstIndex, 1);
  instance(silent.uuid, Uint8Array);
  is(
    codeOf(() => silent.propose(entryOf(1))),
    "KRON_NOT_STARTED",
  );
  await silent.close();
  is(disk.openCount, 0);
});

test("a sync of the sidecar follows once the journal is quiet, and its failure is final", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  await commit(opened, entryOf(1));
  ok(disk.dirtySectors(`${directory}/kron.sync`).length > 0);
  opened.clock.advance(300);
  await turns();
  is(disk.dirtySectors(`${directory}/kron.sync`).length, 0);
  await commit(opened, entryOf(2));
  disk.failIf = (call) => (call === "syncData" ? "EIO" : undefined);
  opened.clock.advance(300);
  await turns();
  is(opened.sink.failures.length, 1);
  await opened.journal.close();
});

test("a sidecar that cannot be written is reported once, and entries are committed all the same", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  disk.failIf = (call, path) => (call === "write" && path.endsWith(".sync") ? "EIO" : undefined);
  await commit(opened, entryOf(1));
  await commit(opened, entryOf(2));
  equal(
    opened.notices.map(({ kind }) => kind),
    ["sidecar-stale"],
  );
  disk.failIf = undefined;
  await commit(opened, entryOf(3));
  equal(numbersOf(open(disk.copy()).replayed), [1, 2, 3]);
});

test("an error thrown by replay reaches the caller as it is, and everything is given back", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  await commit(opened, entryOf(1));
  await opened.journal.close();
  const { openJournal } = await import("../../src/journal/journal.ts");
  let released = 0;
  const acquireLock = () => ({
    release: () => {
      released += 1;
    },
  });
  const options = {
    directory,
    disk,
    clock: opened.clock,
    random: testRandom(),
    durability: { kind: "always" },
    profile: "standard",
    report: () => undefined,
    acquireLock,
  } as const;
  let thrown: unknown;
  await openJournal(options, () => {
    throw new RangeError("mine");
  }).catch((error: unknown) => {
    thrown = error;
  });
  instance(thrown, RangeError);
  is(released, 1);
  is(disk.openCount, 0);
});

test("two journals have different ids, and one keeps its own", async () => {
  const disk = new SimDisk();
  const first = open(disk);
  const id = Buffer.from(first.journal.uuid);
  await first.journal.close();
  ok(Buffer.from(open(disk, { random: testRandom(99) }).journal.uuid).equals(id));
  not.equal(Buffer.from(open(new SimDisk(), { random: testRandom(99) }).journal.uuid), id);
});

test.run();
