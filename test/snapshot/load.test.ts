import * as assert from "uvu/assert";
import { digest } from "../../src/core/digest.ts";
import { isKronError } from "../../src/core/errors.ts";
import { Kind } from "../../src/core/record.ts";
import { defaultRetention } from "../../src/core/retention.ts";
import { State } from "../../src/core/state.ts";
import { type CheckpointCursor, writeCheckpoint } from "../../src/snapshot/checkpoint.ts";
import { metaKey } from "../../src/snapshot/keys.ts";
import { loadSnapshot, readMeta } from "../../src/snapshot/load.ts";
import { encodeMeta } from "../../src/snapshot/meta.ts";
import { systemClock } from "../../src/system.ts";
import { MemorySnapshots } from "../support/memory-snapshots.ts";
import { Seeded, seedFromEnvironment } from "../support/seeded.ts";
import { boom, boomWith, definitionOf, onceOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("load");

const uuid = new Uint8Array(16).fill(7);
const firstCursor: CheckpointCursor = { serial: 0, historyBytes: 0, sweepFrom: undefined };

/** Objects so many levels deep. */
function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
}

/** A state with some of everything: live and retrying runs, payloads of both sizes, forgotten and retired timers. */
function busyLab(): StateLab {
  const lab = new StateLab({ retiredMax: 1 });
  lab.create("plain", definitionOf(), 11_000);
  lab.create("many", definitionOf({ overlap: "allow", concurrency: 5 }), 11_000, { small: [1, 2, 3] });
  lab.create("large", definitionOf({ history: { count: 5 } }), 11_000, "x".repeat(5_000));
  for (const id of ["once-1", "once-2", "once-3", "once-4"]) lab.create(id, onceOf(), 11_000);
  const many = lab.reference("many");
  for (let i = 0; i < 3; i++) lab.entry([Kind.RUN_TRIGGERED, many, i === 0 ? 0 : 1, { own: i }]);
  const run = [...lab.state.runs.values()][1];
  if (run !== undefined) lab.entry([Kind.RUN_FAILED, run.id, run.token, 5, 20_000, 0, boom]);
  const other = [...lab.state.runs.values()][2];
  const error = boomWith({ exitCode: 137, deep: nested(27) });
  if (other !== undefined)
    lab.entry([Kind.RUN_TIMED_OUT, other.id, other.token, 5, 20_000, 0, error, "process-killed"]);
  for (const id of ["once-1", "once-2", "once-4"]) lab.entry([Kind.TIMER_CANCELLED, lab.reference(id)]);
  for (let slot = 40; slot < 100; slot++) lab.create(`more-${slot}`, definitionOf(), 12_000);
  // Two slots are left empty, the later one to be given out first.
  for (const id of ["more-50", "more-60", "more-70"]) lab.entry([Kind.TIMER_CANCELLED, lab.reference(id)]);
  return lab;
}

async function storeOf(state: State): Promise<MemorySnapshots> {
  const store = new MemorySnapshots();
  const context = {
    state,
    store,
    clock: systemClock(),
    uuid,
    retention: defaultRetention,
    synced: async () => undefined,
  };
  await writeCheckpoint(context, firstCursor);
  return store;
}

function load(store: MemorySnapshots): State {
  const state = new State({ retiredMax: 1 });
  const meta = readMeta(store);
  assert.ok(meta !== undefined);
  loadSnapshot(store, meta, state);
  return state;
}

test("a state with some of everything comes back as it was, and goes on alike", async () => {
  const lab = busyLab();
  const store = await storeOf(lab.state);
  const loaded = load(store);
  assert.is(digest(loaded), digest(lab.state));
  assert.equal([...loaded.runs.values()].at(-1)?.failures?.[0]?.ending, "process-killed");
  assert.is(loaded.changes.pageCount, 0);
  assert.equal(
    [...loaded.runs.values()].map(({ id }) => id),
    [...lab.state.runs.values()].map(({ id }) => id),
  );
  assert.is(loaded.timers.insert("next"), lab.state.timers.insert("next"));
});

test("a store that was never written holds no snapshot", () => {
  assert.is(readMeta(new MemorySnapshots()), undefined);
});

test("whatever value is missing is missed", async () => {
  const whole = await storeOf(busyLab().state);
  for (const key of whole.values.keys()) {
    // History is no part of the state, and what of it is there is shown.
    if (key.startsWith("40") || key.startsWith("50") || key === "01") continue;
    const store = new MemorySnapshots();
    for (const [other, value] of whole.values) if (other !== key) store.values.set(other, value);
    assert.throws(
      () => load(store),
      (error: unknown) => isKronError(error, "KRON_SNAPSHOT_CORRUPT"),
      key,
    );
  }
});

test("changed bytes lead to another state or to a typed error, never to anything else", async () => {
  const random = new Seeded(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  const whole = await storeOf(busyLab().state);
  const keys = [...whole.values.keys()];
  for (let round = 0; round < 3_000; round++) {
    const store = new MemorySnapshots();
    for (const [key, value] of whole.values) store.values.set(key, value);
    const key = random.pick(keys);
    const value = new Uint8Array(whole.values.get(key) as Uint8Array);
    if (value.length === 0) continue;
    const cut = random.chance(0.2) ? random.int(0, value.length) : value.length;
    value[random.int(0, value.length - 1)] = random.int(0, 255);
    store.values.set(key, value.subarray(0, cut));
    try {
      load(store);
    } catch (error) {
      if (!isKronError(error)) throw error;
    }
  }
});

test("another format, and what is no snapshot at all, are told apart", async () => {
  const store = await storeOf(busyLab().state);
  const meta = readMeta(store);
  assert.ok(meta !== undefined);
  const bytes = encodeMeta(meta);
  const refuses = (value: Uint8Array, code: "KRON_SNAPSHOT_VERSION" | "KRON_SNAPSHOT_CORRUPT"): void => {
    store.values.set(Buffer.from(metaKey).toString("hex"), value);
    assert.throws(
      () => readMeta(store),
      (error: unknown) => isKronError(error, code),
    );
  };
  const other = new Uint8Array(bytes);
  // The format follows the one byte that says how long the array is (0xdc and two bytes when it has 16 or more).
  other[bytes[0] === 0xdc ? 3 : 1] = 2;
  refuses(other, "KRON_SNAPSHOT_VERSION");
  refuses(Uint8Array.of(0x90), "KRON_SNAPSHOT_CORRUPT");
  refuses(Uint8Array.of(0x91, 0x01), "KRON_SNAPSHOT_CORRUPT");
  refuses(encodeMeta({ ...meta, appliedIndex: -1 }), "KRON_SNAPSHOT_CORRUPT");
  refuses(encodeMeta({ ...meta, boot: 5 as never }), "KRON_SNAPSHOT_CORRUPT");
  refuses(encodeMeta({ ...meta, isRunning: 1 as never }), "KRON_SNAPSHOT_CORRUPT");
  refuses(encodeMeta({ ...meta, uuid: new Uint8Array(3) }), "KRON_SNAPSHOT_CORRUPT");
});

test("a page with a place in the list of free slots that none has, and one of a number beyond 53 bits, are refused", async () => {
  const store = await storeOf(new State());
  const meta = readMeta(store);
  assert.ok(meta !== undefined);
  const refuses = (page: readonly number[], message: RegExp): void => {
    store.values.set("2000000000", Uint8Array.from(page));
    assert.throws(
      () => loadSnapshot(store, { ...meta, slotCount: 1 }, new State()),
      (error: unknown) => isKronError(error, "KRON_SNAPSHOT_CORRUPT") && message.test(error.message),
    );
  };
  refuses([1, 0, 1, 2], /a free slot/);
  refuses([1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], /53 bits/);
  refuses([1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], /53 bits/);
  refuses([1, ...Array.from({ length: 33 * 3 }, () => 0)], /too many rows/);
  refuses([2], /unknown version/);
  refuses([1, 3], /unknown form/);
  refuses([1, 1, 0, 0, 0, 0, 0], /impossible length/);
});

test.run();
