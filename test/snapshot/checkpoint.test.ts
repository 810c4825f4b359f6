/**
 * Checkpoints against a model: random logs, with checkpoints begun, interleaved with entries, and made to fail at
 * random; what is loaded equals the state as it was at the index that the snapshot names.
 */

import fc from "fast-check";
import * as assert from "uvu/assert";
import { apply } from "../../src/core/apply.ts";
import { digest } from "../../src/core/digest.ts";
import type { HistoryRow } from "../../src/core/history.ts";
import { checkState } from "../../src/core/invariants.ts";
import type { Entry, LogRecord } from "../../src/core/record.ts";
import { checkEntry } from "../../src/core/record-shape.ts";
import type { Retention } from "../../src/core/retention.ts";
import { State } from "../../src/core/state.ts";
import { type CheckpointCursor, writeCheckpoint } from "../../src/snapshot/checkpoint.ts";
import { HistoryReader } from "../../src/snapshot/history-reader.ts";
import { loadSnapshot, readMeta } from "../../src/snapshot/load.ts";
import { MemorySnapshots } from "../support/memory-snapshots.ts";
import { Draw, RandomRecords } from "../support/random-records.ts";
import { suite } from "../support/suite.ts";

const test = suite("checkpoint", 120_000);

const uuid = new Uint8Array(16).fill(7);
const limits = { retiredMax: 3 };
const firstCursor: CheckpointCursor = { serial: 0, historyBytes: 0, sweepFrom: undefined };
const forever: Retention = { count: 1_000, ageMs: 2 ** 45, bytes: 2 ** 40 };

/** A monotonic clock that goes on by a slice with each look, so that every pause there can be is taken. */
function hastyClock(nowMs = 1_000) {
  let ticks = 0;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => {
      ticks += 5;
      return ticks;
    },
    wakeAfter: () => () => undefined,
  };
}

class Lab {
  readonly state = new State(limits);
  readonly store = new MemorySnapshots();
  readonly log: Entry[] = [];
  readonly digests: string[] = [digest(this.state)];
  readonly made = new RandomRecords(this.state);
  cursor = firstCursor;

  apply(entry: Entry): void {
    const applied = apply(this.state, this.state.appliedIndex + 1, 0, entry);
    for (const outcome of applied.outcomes) {
      if (outcome.kind === "run") this.made.noteRun(outcome);
      if (outcome.kind === "timer") this.made.noteTimer(this.state.timers.reference(outcome.slot));
    }
    this.log.push(entry);
    this.digests.push(digest(this.state));
  }

  step(draw: Draw): void {
    this.made.atMs = Math.max(0, this.made.atMs + (draw.of([0, 1, 5, 20, 3_600_000]) ?? 0));
    const records: LogRecord[] = [];
    for (let i = draw.below(3); i >= 0; i--) records.push(this.made.sensible(draw));
    this.apply(checkEntry([this.made.atMs, ...records], "lab"));
  }

  /** A checkpoint with `between` called at each of its pauses. */
  async checkpoint(between: () => void, retention = forever): Promise<boolean> {
    const context = {
      ...{ state: this.state, store: this.store, clock: hastyClock(), uuid, retention },
      synced: async () => undefined,
    };
    let isOver = false;
    const done = writeCheckpoint(context, this.cursor).then(
      (checkpoint) => {
        this.cursor = checkpoint.next;
        isOver = true;
        return true;
      },
      () => {
        isOver = true;
        return false;
      },
    );
    while (!isOver) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      between();
    }
    return await done;
  }

  load(): State {
    const state = new State(limits);
    const meta = readMeta(this.store);
    if (meta !== undefined) loadSnapshot(this.store, meta, state);
    return state;
  }

  historyOf(state: State, retention = forever): Map<string, HistoryRow[]> {
    const reader = new HistoryReader(state, this.store, retention, hastyClock());
    const all = new Map<string, HistoryRow[]>();
    for (let slot = 0; slot < state.timers.slotCount; slot++) {
      const id = state.timers.idOf(slot);
      if (id === undefined) continue;
      const rows: HistoryRow[] = [];
      reader.visit(slot, (row) => rows.push(row) > 0);
      all.set(id, rows);
    }
    return all;
  }
}

test("what is loaded is the state as of the index that the snapshot names, whatever happened meanwhile", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(2 ** 20), { minLength: 200, maxLength: 400 }), async (numbers) => {
      const lab = new Lab();
      const whole = new State({ ...limits, history: { perTimerMax: 1_000 } });
      const draw = new Draw(numbers);
      for (const record of lab.made.prelude(draw)) lab.apply([lab.made.atMs, record]);
      for (let round = 0; round < 6; round++) {
        for (let i = draw.below(20); i >= 0; i--) lab.step(draw);
        const fault = draw.below(4);
        if (fault === 0) lab.store.failAfter = draw.below(12);
        lab.store.failCommit = fault === 1;
        await lab.checkpoint(() => lab.step(draw));
        lab.store.failAfter = Number.POSITIVE_INFINITY;
        const loaded = lab.load();
        assert.equal(checkState(loaded), []);
        assert.is(digest(loaded), lab.digests[loaded.appliedIndex]);
        // Replaying the rest leads to the same state, and to the same history, as having been there all along.
        for (let index = loaded.appliedIndex; index < lab.log.length; index++) {
          apply(loaded, index + 1, 0, lab.log[index] as Entry);
        }
        assert.is(digest(loaded), lab.digests.at(-1));
        for (let index = whole.appliedIndex; index < lab.log.length; index++) {
          apply(whole, index + 1, 0, lab.log[index] as Entry);
        }
        const expected = new Lab().historyOf(whole);
        assert.equal(lab.historyOf(loaded), expected);
        assert.equal(lab.historyOf(lab.state), expected);
      }
    }),
    { numRuns: 150, includeErrorInReport: true },
  );
});

test.run();
