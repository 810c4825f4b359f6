import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import { Kind } from "../../src/core/record.ts";
import { defaultRetention } from "../../src/core/retention.ts";
import type { CheckpointTriggers } from "../../src/ports.ts";
import { CheckpointKeeper } from "../../src/snapshot/keeper.ts";
import { readMeta } from "../../src/snapshot/load.ts";
import type { SnapshotNotice } from "../../src/snapshot/notice.ts";
import { VirtualClock } from "../../src/testing.ts";
import { MemorySnapshots } from "../support/memory-snapshots.ts";
import { definitionOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("checkpoint-keeper");

/** A keeper over a state in memory, a store in memory, and a journal that only counts. */
class Lab extends StateLab {
  readonly clock = new VirtualClock();
  readonly store = new Copying();
  readonly notices: SnapshotNotice[] = [];
  readonly dropped: number[] = [];
  readonly journal = {
    uuid: new Uint8Array(16).fill(1),
    writtenBytes: 0,
    sealedBytes: 0,
    /** Set to hold checkpoints up, or to fail them. */
    syncing: undefined as Promise<void> | undefined,
    synced: (): Promise<void> => this.journal.syncing ?? Promise.resolve(),
    dropBefore: async (index: number): Promise<void> => {
      this.dropped.push(index);
    },
  };
  readonly keeper: CheckpointKeeper;

  constructor(triggers: CheckpointTriggers = { records: 10, bytes: 1_000, everyMs: 60_000 }) {
    super();
    this.keeper = new CheckpointKeeper(
      {
        ...{ state: this.state, store: this.store, journal: this.journal, clock: this.clock },
        ...{ retention: defaultRetention, triggers },
        olderPath: (kind) => `${kind}.1`,
        report: (notice) => this.notices.push(notice),
      },
      { cursor: { serial: 0, historyBytes: 0, sweepFrom: undefined }, index: 0, recordCount: 0 },
    );
  }

  /** So many records, each its own entry, and the note that follows them. */
  change(count = 1): void {
    for (let i = 0; i < count; i++) this.do([Kind.CLOCK_STEPPED, 0]);
    this.keeper.note();
  }

  get written(): number {
    return readMeta(this.store)?.appliedIndex ?? 0;
  }

  async idle(): Promise<void> {
    while (this.keeper.isBusy) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

class Copying extends MemorySnapshots {
  readonly copies: string[] = [];

  override async copyTo(path?: string): Promise<void> {
    this.copies.push(path ?? "");
  }
}

function failure(): KronError {
  return new KronError("KRON_DISK_FULL", "No space left");
}

test("a checkpoint comes after so many records, and not before", async () => {
  const lab = new Lab();
  lab.change(9);
  assert.not.ok(lab.keeper.isBusy);
  lab.change(1);
  assert.ok(lab.keeper.isBusy);
  await lab.idle();
  assert.equal([lab.written, lab.keeper.snapshotIndex], [10, 10]);
  lab.keeper.note();
  assert.not.ok(lab.keeper.isBusy);
});

test("a checkpoint comes after so many bytes of journal", async () => {
  const lab = new Lab();
  lab.journal.writtenBytes = 999;
  lab.change(1);
  assert.not.ok(lab.keeper.isBusy);
  lab.journal.writtenBytes = 1_000;
  lab.change(1);
  await lab.idle();
  assert.is(lab.written, 2);
  lab.journal.writtenBytes = 1_999;
  lab.change(1);
  assert.not.ok(lab.keeper.isBusy);
});

test("a checkpoint comes some time after the first change, and none when nothing changed", async () => {
  const lab = new Lab();
  lab.change(1);
  await lab.clock.advance(59_999);
  assert.is(lab.written, 0);
  await lab.clock.advance(1);
  await lab.idle();
  assert.is(lab.written, 1);
  const { puts } = lab.store;
  await lab.clock.advance(600_000);
  assert.is(lab.store.puts, puts);
});

test("a checkpoint comes when much history waits in memory", async () => {
  const lab = new Lab();
  const reference = lab.create("t", definitionOf({ history: { count: 1_000_000 } }), 11_000);
  const { history } = lab.state;
  const run = lab.run([Kind.RUN_TRIGGERED, reference, 1, null]);
  lab.succeed(run);
  let row: Parameters<typeof history.add>[1] | undefined;
  history.visit(0, (first) => {
    row = first;
    return false;
  });
  lab.keeper.note();
  assert.not.ok(lab.keeper.isBusy);
  for (let i = history.rowCount; i < history.limits.rowsMax / 2; i++) {
    if (row !== undefined) history.add(0, row, 1_000_000);
    lab.state.timers.historyCount.add(0, 1);
  }
  lab.keeper.note();
  assert.ok(lab.keeper.isBusy);
  await lab.idle();
  assert.is(history.rowCount, 0);
});

test("checkpoint() resolves once all that was applied before is written, also beside one under way", async () => {
  const lab = new Lab();
  let go: () => void = () => undefined;
  lab.journal.syncing = new Promise((resolve) => {
    go = resolve;
  });
  lab.change(10);
  await new Promise<void>((resolve) => setImmediate(resolve));
  lab.do([Kind.CLOCK_STEPPED, 0]);
  const both = Promise.all([lab.keeper.checkpoint(), lab.keeper.checkpoint()]);
  go();
  await both;
  assert.is(lab.written, 11);
  const { puts } = lab.store;
  await lab.keeper.checkpoint();
  assert.is(lab.store.puts, puts);
});

test("a checkpoint that fails is told of once, rejects whoever asked, and is tried again later and later", async () => {
  const lab = new Lab();
  lab.store.failCommit = true;
  lab.change(10);
  await lab.idle();
  assert.equal(
    lab.notices.map(({ kind }) => kind),
    ["checkpoint-failed"],
  );
  lab.change(10);
  assert.not.ok(lab.keeper.isBusy);
  await lab.clock.advance(5_000);
  lab.change(1);
  await lab.idle();
  assert.is(lab.notices.length, 1);
  await lab.clock.advance(9_999);
  lab.change(1);
  assert.not.ok(lab.keeper.isBusy);
  try {
    await lab.keeper.checkpoint();
    assert.unreachable();
  } catch (error) {
    assert.is((error as KronError).code, "KRON_DISK_FULL");
  }
  lab.store.failCommit = false;
  await lab.keeper.checkpoint();
  assert.is(lab.written, 22);
  lab.store.failCommit = true;
  lab.change(10);
  await lab.idle();
  assert.is(lab.notices.length, 2);
});

test("the wake-up for age waits out the pause after a failure and then tries again", async () => {
  const lab = new Lab();
  lab.store.failCommit = true;
  lab.change(1);
  await lab.clock.advance(60_000);
  await lab.idle();
  assert.is(lab.notices.length, 1);
  lab.store.failCommit = false;
  lab.change(1);
  await lab.clock.advance(60_000);
  await lab.idle();
  assert.is(lab.written, 2);
});

test("once enough segments are sealed the snapshot is copied, and the journal drops what no generation needs", async () => {
  const lab = new Lab();
  lab.journal.sealedBytes = 999;
  lab.change(10);
  await lab.idle();
  assert.equal(lab.store.copies, []);
  lab.journal.sealedBytes = 1_000;
  lab.change(10);
  await lab.idle();
  assert.equal([lab.store.copies, lab.dropped], [["file.1"], [21]]);
});

test("compact() copies and drops however little there is", async () => {
  const lab = new Lab();
  lab.change(1);
  await lab.keeper.compact();
  assert.equal([lab.written, lab.store.copies, lab.dropped], [1, ["file.1"], [2]]);
});

test("an age beyond what clocks can wait is cut to that", async () => {
  const lab = new Lab({ records: 10, bytes: 1_000, everyMs: 2 ** 40 });
  lab.change(1);
  await lab.clock.advance(2 ** 31 - 2);
  assert.is(lab.written, 0);
  await lab.clock.advance(1);
  await lab.idle();
  assert.is(lab.written, 1);
});

test("close() writes what is left, and nothing is written after it", async () => {
  const lab = new Lab();
  lab.change(1);
  await lab.keeper.close();
  assert.is(lab.written, 1);
  lab.change(20);
  await lab.clock.advance(120_000);
  assert.is(lab.written, 1);
  try {
    await lab.keeper.checkpoint();
    assert.unreachable();
  } catch (error) {
    assert.is((error as KronError).code, "KRON_STOPPED");
  }
});

test("close() tells of a last checkpoint that failed, and does not fail by it", async () => {
  const lab = new Lab();
  lab.change(1);
  lab.store.failCommit = true;
  await lab.keeper.close();
  assert.is(lab.notices.length, 1);
});

test("a checkpoint whose journal fails ends with it, and abandon() waits for that", async () => {
  const lab = new Lab();
  let fail: (error: KronError) => void = () => undefined;
  lab.journal.syncing = new Promise((_resolve, reject) => {
    fail = reject;
  });
  lab.change(10);
  await new Promise<void>((resolve) => setImmediate(resolve));
  const over = lab.keeper.abandon();
  fail(failure());
  await over;
  assert.equal([lab.written, lab.keeper.isBusy], [0, false]);
});

test.run();
