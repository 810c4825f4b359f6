import * as assert from "uvu/assert";
import { encodeDefinition, type TimerDefinition } from "../../src/core/definition.ts";
import { isKronError } from "../../src/core/errors.ts";
import type { HistoryRow } from "../../src/core/history.ts";
import { Kind, type LogRecord } from "../../src/core/record.ts";
import { defaultRetention, type Retention } from "../../src/core/retention.ts";
import { type Checkpoint, type CheckpointCursor, writeCheckpoint } from "../../src/snapshot/checkpoint.ts";
import { HistoryReader } from "../../src/snapshot/history-reader.ts";
import { MemorySnapshots } from "../support/memory-snapshots.ts";
import { boom, definitionOf, onceOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("snapshot-history");

const uuid = new Uint8Array(16).fill(7);

/** Timers that run at once when asked, and a store that takes their history. */
class Lab extends StateLab {
  readonly store = new MemorySnapshots();
  readonly retention: Retention;
  cursor: CheckpointCursor = { serial: 0, historyBytes: 0, sweepFrom: undefined };

  constructor(retention: Partial<Retention> = {}, retiredMax = 10) {
    super({ retiredMax, history: { perTimerMax: retention.count ?? 100 } });
    this.retention = { ...defaultRetention, ...retention };
  }

  add(id: string, parts: Partial<TimerDefinition> = {}): void {
    this.create(id, definitionOf(parts), this.atMs + 1_000_000);
  }

  /** So many runs of a timer, each a second after the other. */
  runs(id: string, count: number, result: unknown = null): void {
    for (let i = 0; i < count; i++) {
      this.atMs += 1_000;
      const run = this.run([Kind.RUN_TRIGGERED, this.reference(id), 1, null]);
      this.run([Kind.RUN_SUCCEEDED, run.id, run.token, 500, 0, result, null]);
    }
  }

  /** `meanwhile` happens once everything is packed and before it is written. */
  async checkpoint(meanwhile: () => void = () => undefined): Promise<Checkpoint> {
    const clock = { nowMs: () => this.atMs, monotonicMs: () => 0, wakeAfter: () => () => undefined };
    const checkpoint = await writeCheckpoint(
      {
        ...{ state: this.state, store: this.store, clock, uuid, retention: this.retention },
        synced: async () => meanwhile(),
      },
      this.cursor,
    );
    this.cursor = checkpoint.next;
    return checkpoint;
  }

  get reader(): HistoryReader {
    return new HistoryReader(this.state, this.store, this.retention, { nowMs: () => this.atMs });
  }

  rows(id: string, limit = 1e9): HistoryRow[] {
    const rows: HistoryRow[] = [];
    this.reader.visit(this.slot(id), (row) => rows.push(row) < limit);
    return rows;
  }

  /** Keys of chunks of history in the store. */
  get chunkCount(): number {
    return [...this.store.values.keys()].filter((key) => key.startsWith("40")).length;
  }

  get timeCount(): number {
    return [...this.store.values.keys()].filter((key) => key.startsWith("50")).length;
  }

  get chunkBytes(): number {
    let bytes = 0;
    for (const [key, value] of this.store.values) if (key.startsWith("40")) bytes += value.length + 35;
    return bytes;
  }
}

test("rows move from memory to the store and are read from both, newest first", async () => {
  const lab = new Lab();
  lab.add("a");
  lab.add("b");
  lab.runs("a", 3);
  await lab.checkpoint();
  assert.is(lab.state.history.rowCount, 0);
  lab.runs("a", 2);
  lab.runs("b", 1);
  const times = lab.rows("a").map(({ startedAtMs }) => startedAtMs);
  assert.is(times.length, 5);
  assert.equal(
    [...times].sort((a, b) => b - a),
    times,
  );
  assert.is(lab.rows("b").length, 1);
  assert.equal(
    lab.rows("a", 4).map(({ run }) => run),
    lab
      .rows("a")
      .slice(0, 4)
      .map(({ run }) => run),
  );
});

test("rows below a number are read from memory and from the store, wherever a reader goes on", async () => {
  const lab = new Lab({ count: 1_000 });
  lab.add("a");
  lab.runs("a", 300);
  await lab.checkpoint();
  lab.runs("a", 40);
  const all: [number: number, run: number][] = [];
  lab.reader.visit(lab.slot("a"), (row, number) => all.push([number, row.run]) > 0);
  assert.equal(
    all.map(([number]) => number),
    Array.from({ length: 340 }, (_, i) => 340 - i),
  );
  for (const below of [1, 2, 128, 129, 172, 173, 299, 300, 301, 302, 320, 340, 341, 500]) {
    const rest: [number: number, run: number][] = [];
    lab.reader.visit(lab.slot("a"), (row, number) => rest.push([number, row.run]) > 0, below);
    assert.equal(
      rest,
      all.filter(([number]) => number < below),
      `below ${below}`,
    );
  }
});

/** Objects so many levels deep. */
function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
}

test("rows that came while a checkpoint was written stay in memory, whatever they pushed out", async () => {
  for (const count of [0, 1, 3, 4, 5, 9]) {
    const lab = new Lab({ count: 4 });
    lab.add("a");
    lab.add("b");
    lab.runs("a", 4, "before");
    lab.runs("b", 2);
    const before = lab.rows("a");
    await lab.checkpoint(() => {
      lab.runs("a", count, "meanwhile");
      assert.is(lab.state.history.lengthOf(lab.slot("a")), 4);
    });
    assert.is(lab.state.history.lengthOf(lab.slot("a")), Math.min(count, 4), String(count));
    assert.is(lab.state.history.lengthOf(lab.slot("b")), 0);
    const after = lab.rows("a");
    assert.is(after.length, 4);
    assert.equal(after.slice(count), before.slice(0, Math.max(0, 4 - count)));
    assert.ok(after.slice(0, count).every((row) => row.detail?.result === "meanwhile"));
    lab.runs("b", 1);
    await lab.checkpoint();
    assert.is(lab.state.history.rowCount, 0);
    assert.equal(lab.rows("a"), after);
    assert.is(lab.rows("b").length, 3);
  }
});

test("a row of every kind comes back with all there is to it", async () => {
  const lab = new Lab();
  lab.create("t", definitionOf({ overlap: "allow" }), 11_000, { p: 1 });
  const reference = lab.reference("t");
  const due = lab.due(reference, 11_000, 12_000);
  lab.fail(due, 60_000);
  lab.run([Kind.RUN_STARTED, due.id, 2]);
  lab.run([Kind.RUN_TIMED_OUT, due.id, due.token, 7, 0, 0, ["E", "m", "stack", "CODE"]]);
  const manual = lab.run([Kind.RUN_TRIGGERED, reference, 1, { own: true }]);
  lab.run([Kind.RUN_SUCCEEDED, manual.id, manual.token, 9, 0, { bytes: new Uint8Array([1]) }, null]);
  const noted = lab.run([Kind.RUN_TRIGGERED, reference, 1, null]);
  lab.run([Kind.RUN_SUCCEEDED, noted.id, noted.token, 9, 0, null, "too large"]);
  const waiting = lab.run([Kind.RUN_TRIGGERED, reference, 0, null]);
  lab.run([Kind.RUN_CANCELLED, waiting.id, "requested", 0]);
  const killed = lab.run([Kind.RUN_TRIGGERED, reference, 1, null]);
  const error = ["E", "m", null, null, { stderr: "x", deep: nested(27) }] as const;
  lab.run([Kind.RUN_LOST, killed.id, killed.token, 7, 0, 0, error, "process-killed"]);
  const stopped = lab.run([Kind.RUN_TRIGGERED, reference, 1, null]);
  lab.run([Kind.RUN_CANCELLED, stopped.id, "replaced", 0, "given-up"]);
  lab.do([Kind.RUN_MISSED, reference, 12_000, 15_000, 4, 16_000, "late"]);
  lab.do([Kind.RUN_SKIPPED_OVERLAP, reference, 16_000, 16_000, 1, 17_000]);
  const before = lab.rows("t");
  assert.is(before.length, 8);
  await lab.checkpoint();
  assert.is(lab.state.history.rowCount, 0);
  assert.equal(lab.rows("t"), before);
});

test("a timer keeps as many rows as the runtime says, or as it says itself", async () => {
  const lab = new Lab({ count: 10 });
  lab.add("usual");
  lab.add("few", { history: { count: 2 } });
  lab.add("many", { history: { count: 300 } });
  for (let round = 0; round < 40; round++) {
    for (const id of ["usual", "few", "many"]) lab.runs(id, 9);
    await lab.checkpoint();
    assert.is(lab.rows("usual").length, Math.min(10, 9 * (round + 1)));
  }
  assert.equal([lab.rows("few").length, lab.rows("many").length], [2, 300]);
  // At most one chunk more than is shown.
  assert.ok(lab.chunkCount <= 2 + 2 + Math.ceil(300 / 9) + 1, `${lab.chunkCount} chunks`);
  assert.is(lab.timeCount, lab.chunkCount);
  assert.is(lab.cursor.historyBytes, lab.chunkBytes);
});

test("rows that are too old are not shown, and are dropped though their timer rests", async () => {
  const lab = new Lab({ ageMs: 60_000 });
  lab.add("rests");
  lab.add("goes-on");
  lab.add("keeps", { history: { ageMs: 3_600_000 } });
  lab.add("forgets", { history: { ageMs: 5_000 } });
  for (const id of ["rests", "keeps", "goes-on", "forgets"]) lab.runs(id, 3);
  await lab.checkpoint();
  assert.is(lab.rows("forgets").length, 3);
  lab.runs("goes-on", 10);
  assert.equal([lab.rows("rests").length, lab.rows("forgets").length], [3, 0]);
  lab.runs("goes-on", 60);
  await lab.checkpoint();
  assert.equal([lab.rows("rests").length, lab.rows("keeps").length], [0, 3]);
  assert.ok(lab.rows("goes-on").every((row) => row.finishedAtMs >= lab.atMs - 60_000));
  // A chunk each is left of "keeps" and of what has just run.
  assert.equal([lab.chunkCount, lab.timeCount], [2, 2]);
  assert.is(lab.cursor.historyBytes, lab.chunkBytes);
});

test("a timer's own age and bytes are held to when it runs", async () => {
  const lab = new Lab();
  lab.add("short", { history: { ageMs: 10_000 } });
  lab.add("small", { history: { bytes: 4_096 } });
  for (let round = 0; round < 20; round++) {
    lab.runs("short", 4);
    lab.runs("small", 1, "x".repeat(1_000));
    await lab.checkpoint();
  }
  assert.ok(lab.rows("small").length >= 2 && lab.rows("small").length <= 4);
  assert.ok(lab.chunkCount <= 4 + 4, `${lab.chunkCount} chunks`);
  assert.is(lab.cursor.historyBytes, lab.chunkBytes);
});

test("beyond the bytes there are for all of it, the oldest go first", async () => {
  const lab = new Lab({ bytes: 20_000, count: 1_000 });
  lab.add("early");
  lab.add("late");
  lab.runs("early", 10, "x".repeat(900));
  await lab.checkpoint();
  for (let round = 0; round < 20; round++) {
    lab.runs("late", 1, "x".repeat(900));
    await lab.checkpoint();
    assert.ok(lab.chunkBytes <= 20_000);
    assert.is(lab.cursor.historyBytes, lab.chunkBytes);
  }
  assert.is(lab.rows("early").length, 0);
  assert.ok(lab.rows("late").length >= 18);
});

test("more history at once than there is room for is cut as well", async () => {
  const lab = new Lab({ bytes: 4_096, count: 1_000 });
  lab.add("a");
  lab.runs("a", 50, "x".repeat(900));
  await lab.checkpoint();
  // What was written by this very checkpoint is found by the next.
  await lab.checkpoint();
  assert.ok(lab.chunkBytes <= 40_000);
  lab.runs("a", 1);
  await lab.checkpoint();
  assert.ok(lab.chunkBytes <= 4_096);
});

test("a forgotten timer takes its history with it, and the next in its slot begins anew", async () => {
  const lab = new Lab({}, 0);
  lab.create("gone", onceOf(), 2_000_000);
  lab.runs("gone", 3);
  await lab.checkpoint();
  assert.is(lab.chunkCount, 1);
  lab.do([Kind.TIMER_CANCELLED, lab.reference("gone")]);
  lab.create("next", onceOf(), 2_000_000);
  assert.is(lab.slot("next"), 0);
  assert.is(lab.rows("next").length, 0);
  await lab.checkpoint();
  assert.equal([lab.chunkCount, lab.timeCount, lab.cursor.historyBytes], [0, 0, 0]);
});

test("a search for old history goes on where the last one stopped", async () => {
  const lab = new Lab({ ageMs: 1_000_000, count: 100_000 });
  const slots = Array.from({ length: 2_600 }, (_, slot) => slot);
  const definitions = [2 ** 40, 1_000_000].map((ageMs) => encodeDefinition(definitionOf({ history: { ageMs } })));
  const created = slots.map((slot): LogRecord => {
    return [Kind.TIMER_CREATED, `t-${slot}`, definitions[slot < 2_300 ? 0 : 1], 0, 2_000_000, null];
  });
  lab.entry(...created);
  lab.entry(...slots.map((slot): LogRecord => [Kind.RUN_TRIGGERED, slot, 1, null]));
  const ends = [...lab.state.runs.values()].map(({ id, token }): LogRecord => {
    return [Kind.RUN_SUCCEEDED, id, token, 5, 0, null, null];
  });
  lab.entry(...ends);
  await lab.checkpoint();
  assert.is(lab.chunkCount, 2_600);
  lab.atMs += 10_000_000;
  lab.do([Kind.CLOCK_STEPPED, 0]);
  await lab.checkpoint();
  assert.is(lab.chunkCount, 2_600);
  await lab.checkpoint();
  assert.is(lab.chunkCount, 2_300);
  await lab.checkpoint();
  assert.is(lab.chunkCount, 2_300);
});

test("row() finds a row wherever it is, and none that is gone", async () => {
  const lab = new Lab({ count: 5 });
  lab.add("a");
  lab.runs("a", 3);
  await lab.checkpoint();
  lab.runs("a", 4);
  const numbers = [1, 2, 3, 4, 5, 6, 7].map((number) => lab.reader.row(lab.slot("a"), number)?.run);
  assert.is(new Set(numbers).size, 7);
  assert.is(lab.reader.row(lab.slot("a"), 8), undefined);
  await lab.checkpoint();
  lab.runs("a", 3);
  await lab.checkpoint();
  assert.is(lab.reader.row(lab.slot("a"), 1), undefined);
});

test("the row with the last error is known until a run succeeds at once", () => {
  const lab = new Lab();
  lab.add("a", { overlap: "allow" });
  const errorRow = (): number => lab.state.timers.errorRow.get(lab.slot("a"));
  lab.runs("a", 1);
  assert.is(errorRow(), 0);
  const run = lab.run([Kind.RUN_TRIGGERED, lab.reference("a"), 1, null]);
  lab.run([Kind.RUN_FAILED, run.id, run.token, 5, 0, 0, boom]);
  lab.do([Kind.RUN_MISSED, lab.reference("a"), lab.nextAtMs("a"), lab.nextAtMs("a"), 1, lab.nextAtMs("a") + 1, "late"]);
  assert.is(errorRow(), 2);
  lab.runs("a", 1);
  assert.is(errorRow(), 0);
});

test("a damaged chunk is named, and so is a row of an unknown kind", async () => {
  const lab = new Lab();
  lab.add("a");
  lab.runs("a", 2);
  await lab.checkpoint();
  for (const [key, value] of lab.store.values) {
    if (!key.startsWith("40")) continue;
    for (let at = 0; at < value.length; at++) {
      const damaged = new Uint8Array(value);
      damaged[at] = 0xff;
      lab.store.values.set(key, damaged);
      try {
        lab.rows("a");
      } catch (error) {
        assert.ok(isKronError(error, "KRON_SNAPSHOT_CORRUPT"), String(error));
      }
    }
  }
});

test.run();
