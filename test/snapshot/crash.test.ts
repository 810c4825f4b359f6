/**
 * Power loss, and every failure of the disk, at every moment of checkpoints, copies and dropped segments: the next
 * start gives back the state that all acknowledged entries lead to. On a simulated disk, with the plain file.
 */

import * as assert from "uvu/assert";
import { encodeDefinition } from "../../src/core/definition.ts";
import { digest } from "../../src/core/digest.ts";
import { isKronError } from "../../src/core/errors.ts";
import { checkState } from "../../src/core/invariants.ts";
import { type Entry, Kind } from "../../src/core/record.ts";
import { TestClock } from "../journal/harness.ts";
import { Seeded, seedFromEnvironment } from "../support/seeded.ts";
import { type CrashChoice, diskError, SimDisk } from "../support/sim-disk.ts";
import { definitionOf, onceOf } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";
import { Machine, stateOf } from "./machine.ts";

const test = suite("snapshot-crash", 120_000);
const directory = "/data";
const random = new Seeded(seedFromEnvironment());
console.log(`seed ${random.seed}`);

function open(disk: SimDisk, seed = 1): Promise<Machine> {
  const clock = new TestClock();
  return Machine.open({ directory, disk, clock, seed, tick: () => clock.advance(10), isSimulated: true });
}

/** Entries that make timers, runs, history, forgotten timers and payloads; whatever is refused is refused alike. */
function entryAt(number: number): Entry {
  const atMs = 10_000 + number * 100;
  const definition = encodeDefinition(number % 3 === 0 ? onceOf() : definitionOf({ overlap: "allow" }));
  const payload = "p".repeat((number * 97) % 700);
  return [
    atMs,
    [Kind.TIMER_CREATED, `t-${number}`, definition, 0, atMs + 50, payload],
    [Kind.RUN_TRIGGERED, number % 7, 1, null],
    [Kind.RUN_SUCCEEDED, number * 4 - 1, number * 4 - 1, 5, 0, "result", null],
    [Kind.TIMER_CANCELLED, (number * 5) % 11],
  ];
}

/** What a run of the scenario has been promised so far. */
interface Promised {
  acknowledged: number;
  readonly committed: Map<number, Entry>;
}

/** Entries with checkpoints and compactions between them; goes on as far as it gets. */
async function scenario(machine: Machine, promised: Promised): Promise<void> {
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 4; i++) {
      if (machine.failure !== undefined) return;
      const number = machine.journal.lastIndex + 1;
      await machine.commit(entryAt(number));
      for (const [index, entry] of machine.committedEntries) promised.committed.set(index, entry);
      promised.acknowledged = machine.state.appliedIndex;
    }
    // What a checkpoint fails with is told, and nothing is lost by it.
    await (round % 2 === 0 ? machine.keeper.checkpoint() : machine.keeper.compact()).catch(() => undefined);
  }
}

/** Opens what is left and compares it with what was promised. */
async function checkAfter(disk: SimDisk, promised: Promised, what: string): Promise<void> {
  const machine = await open(disk).catch((error: unknown) => {
    throw new Error(`${what}: ${String(error)}`, { cause: error });
  });
  const { appliedIndex } = machine.state;
  assert.ok(appliedIndex >= promised.acknowledged, `${what}: ${appliedIndex} of ${promised.acknowledged}`);
  const entries: Entry[] = [];
  for (let index = 1; index <= appliedIndex; index++) {
    entries.push(promised.committed.get(index) ?? (machine.replayed.get(index) as Entry));
  }
  const expected = stateOf(entries);
  assert.is(machine.digest, digest(expected), what);
  assert.equal(checkState(machine.state), [], what);
  checkHistory(machine, expected.timers.slotCount, what);
  await machine.close();
  assert.is(disk.openCount, 0, what);
}

/** Of every timer the rows are numbered without gaps up to the newest. */
function checkHistory(machine: Machine, slots: number, what: string): void {
  const { timers } = machine.state;
  for (let slot = 0; slot < slots; slot++) {
    if (!timers.has(slot)) continue;
    let rows = 0;
    machine.history.visit(slot, () => {
      rows += 1;
      return true;
    });
    assert.is(rows, Math.min(100, timers.historyCount.get(slot)), what);
  }
}

const fates = ["new", "old", "garbage"] as const;
const keepsAll: CrashChoice = { sector: () => "new", size: () => "new", names: (count) => count };
const losesAll: CrashChoice = { sector: () => "old", size: () => "old", names: () => 0 };
const mixed = (): CrashChoice => ({
  sector: () => random.pick(fates),
  size: () => random.pick(["new", "old"]),
  names: (count) => random.int(0, count),
});

test("power loss before any call of the disk costs nothing that was acknowledged", async () => {
  const disk = new SimDisk();
  const promised: Promised = { acknowledged: 0, committed: new Map() };
  const images: { readonly disk: SimDisk; readonly promised: Promised; readonly what: string }[] = [];
  const machine = await open(disk);
  disk.failIf = (call, path) => {
    if (call === "read" || call === "openRead" || call === "exists" || call === "stat") return undefined;
    const now = { acknowledged: promised.acknowledged, committed: new Map(promised.committed) };
    for (const [name, choice] of Object.entries({ keepsAll, losesAll, mixed: mixed() })) {
      images.push({
        disk: disk.crash(choice),
        promised: now,
        what: `${images.length}: ${name} before ${call} ${path}`,
      });
    }
    return undefined;
  };
  await scenario(machine, promised);
  disk.failIf = undefined;
  assert.ok(machine.journal.firstIndex > 5, "segments were dropped");
  assert.is(promised.acknowledged, 20);
  await machine.close();
  for (const image of images) await checkAfter(image.disk, image.promised, image.what);
});

for (const code of ["EIO", "ENOSPC"]) {
  test(`whichever call of the disk fails with ${code}, once, all that was acknowledged is there at the next start`, async () => {
    const counting = new SimDisk();
    const counted = await open(counting);
    const first = counting.calls;
    await scenario(counted, { acknowledged: 0, committed: new Map() });
    await counted.close();
    const last = counting.calls;
    assert.ok(last - first > 200, `${last - first} calls`);
    for (let call = first + 1; call <= last; call += 1) {
      const disk = new SimDisk();
      const promised: Promised = { acknowledged: 0, committed: new Map() };
      const machine = await open(disk);
      disk.failAt = { call, code };
      await scenario(machine, promised);
      const what = `${code} at call ${call} (${disk.trace[call - 1]})`;
      // The process ends without a word, then with power loss as well.
      await checkAfter(disk.copy(), promised, what);
      await checkAfter(disk.crash(losesAll), promised, `${what}, power loss`);
      await machine.close().catch(() => undefined);
    }
  });
}

test("a disk that stays full keeps checkpoints from being written, and nothing else from being kept", async () => {
  const disk = new SimDisk();
  const promised: Promised = { acknowledged: 0, committed: new Map() };
  const machine = await open(disk);
  disk.failIf = (call, path) => (call === "write" && path.includes("snapshot") ? "ENOSPC" : undefined);
  await scenario(machine, promised);
  assert.is(promised.acknowledged, 20);
  assert.is(machine.journal.firstIndex, 1);
  disk.failIf = undefined;
  await machine.keeper.checkpoint();
  await checkAfter(disk.copy(), promised, "full");
  await machine.close();
});

/** A directory with both generations, closed in good order, and what it holds. */
async function settled(): Promise<{ disk: SimDisk; promised: Promised }> {
  const disk = new SimDisk();
  const promised: Promised = { acknowledged: 0, committed: new Map() };
  const machine = await open(disk);
  await scenario(machine, promised);
  await machine.keeper.compact();
  await machine.commit(entryAt(21), entryAt(22));
  await machine.keeper.checkpoint();
  await machine.commit(entryAt(23));
  for (const [index, entry] of machine.committedEntries) promised.committed.set(index, entry);
  promised.acknowledged = 23;
  await machine.close();
  return { disk, promised };
}

const newest = `${directory}/kron.snapshot.pages`;
const older = `${newest}.1`;

for (const [damage, damaged] of [
  ["missing", (disk: SimDisk, path: string) => disk.drop(path)],
  ["cut short", (disk: SimDisk, path: string) => disk.put(path, disk.contents(path).subarray(0, 500))],
  ["empty", (disk: SimDisk, path: string) => disk.put(path, new Uint8Array())],
  [
    "damaged",
    (disk: SimDisk, path: string) => {
      const bytes = disk.contents(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      disk.put(path, bytes);
    },
  ],
] as const) {
  test(`a newest snapshot that is ${damage} is replaced by the older one and the segments behind it`, async () => {
    const { disk, promised } = await settled();
    damaged(disk, newest);
    const machine = await open(disk);
    if (damage !== "missing") {
      assert.equal(
        machine.notices.map(({ kind }) => kind),
        ["snapshot-set-aside"],
      );
      assert.ok(disk.paths().some((path) => path.startsWith(`${newest}.damaged-`)));
    }
    await machine.close();
    await checkAfter(disk, promised, damage);
  });

  test(`when both generations are ${damage} and segments were dropped, the start is refused and changes nothing`, async () => {
    const { disk } = await settled();
    damaged(disk, newest);
    damaged(disk, older);
    const before = disk.paths();
    try {
      await open(disk);
      assert.unreachable();
    } catch (error) {
      assert.ok(isKronError(error, "KRON_SNAPSHOT_CORRUPT"), String(error));
      assert.match(error.hint ?? "", /backup/);
    }
    assert.equal(disk.paths(), before);
    assert.is(disk.openCount, 0);
  });

  test(`when the snapshot is ${damage} and the journal is whole, the state is rebuilt from the journal`, async () => {
    const disk = new SimDisk();
    const machine = await open(disk);
    for (let number = 1; number <= 6; number++) await machine.commit(entryAt(number));
    await machine.keeper.checkpoint();
    const promised: Promised = { acknowledged: 6, committed: new Map(machine.committedEntries) };
    await machine.close();
    damaged(disk, newest);
    await checkAfter(disk, promised, damage);
    // The next checkpoint has all of it again.
    const again = await open(disk);
    await again.keeper.compact();
    await again.close();
    await checkAfter(disk, promised, damage);
  });
}

test("a snapshot of another directory is refused, whatever the journal still holds", async () => {
  const { disk } = await settled();
  const other = new SimDisk();
  const machine = await open(other, 77);
  for (let number = 1; number <= 6; number++) await machine.commit(entryAt(number));
  await machine.close();
  other.put(newest, disk.contents(newest));
  try {
    await open(other);
    assert.unreachable();
  } catch (error) {
    assert.ok(isKronError(error, "KRON_SNAPSHOT_FOREIGN"), String(error));
  }
});

test("a checkpoint that cannot read what it needs is refused like one that cannot write", async () => {
  const { disk, promised } = await settled();
  const machine = await open(disk);
  disk.failIf = (call, path) => {
    if (call === "read" && path.includes("snapshot")) throw diskError("EIO");
    return undefined;
  };
  await machine.commit(entryAt(24));
  promised.committed.set(24, entryAt(24));
  await machine.keeper.checkpoint().catch(() => undefined);
  disk.failIf = undefined;
  await machine.close();
  await checkAfter(disk, promised, "unreadable");
});

test.run();
