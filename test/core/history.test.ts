import fc from "fast-check";
import * as assert from "uvu/assert";
import { defaultHistoryLimits, History, type HistoryRow } from "../../src/core/history.ts";
import { suite } from "../support/suite.ts";

const test = suite("history");

function rowOf(run: number, parts: Partial<HistoryRow> = {}): HistoryRow {
  return {
    outcome: "SUCCEEDED",
    run,
    isManual: false,
    attempts: 1,
    scheduledAtMs: run * 10,
    lastScheduledAtMs: run * 10,
    dueAtMs: run * 10 + 1,
    startedAtMs: run * 10 + 2,
    finishedAtMs: run * 10 + 3,
    tookUs: 4,
    count: 1,
    missedCount: 0,
    detail: undefined,
    ...parts,
  };
}

function rowsOf(history: History, slot: number): HistoryRow[] {
  const rows: HistoryRow[] = [];
  history.visit(slot, (row) => rows.push(row) > 0);
  return rows;
}

test("a row comes back as it was added, newest first", () => {
  const history = new History();
  const first = rowOf(1, { outcome: "DEAD", isManual: true, attempts: 3, missedCount: 5, detail: { reason: "late" } });
  const second = rowOf(2, { outcome: "SKIPPED_OVERLAP", count: 7, lastScheduledAtMs: 90 });
  history.add(3, first);
  history.add(3, second);
  assert.equal(rowsOf(history, 3), [second, first]);
  assert.equal(rowsOf(history, 2), []);
  assert.is(history.lengthOf(3), 2);
  assert.is(history.rowCount, 2);
  assert.equal(history.limits, defaultHistoryLimits);
});

test("visit() stops when it is told to", () => {
  const history = new History();
  for (let run = 1; run <= 5; run++) history.add(0, rowOf(run));
  const seen: number[] = [];
  history.visit(0, (row) => seen.push(row.run) < 2);
  assert.equal(seen, [5, 4]);
});

test("visit() passes over the newest rows that it is told to, and over all there are", () => {
  const history = new History();
  for (let run = 1; run <= 5; run++) history.add(0, rowOf(run));
  const runsBehind = (skipped: number): number[] => {
    const runs: number[] = [];
    history.visit(0, (row) => runs.push(row.run) > 0, skipped);
    return runs;
  };
  assert.equal([runsBehind(0).length, runsBehind(3), runsBehind(5), runsBehind(99)], [5, [2, 1], [], []]);
});

test("attempts beyond 16 bits are kept as the most that fits", () => {
  const history = new History();
  history.add(0, rowOf(1, { attempts: 1_000_000 }));
  assert.is(rowsOf(history, 0)[0]?.attempts, 65_535);
});

test("a busy timer overwrites its own oldest row and no other's", () => {
  const history = new History({ perTimerMax: 2, rowsMax: 100 });
  history.add(1, rowOf(1, { detail: { reason: "quiet" } }));
  for (let run = 2; run <= 10; run++) history.add(0, rowOf(run, { detail: { result: run } }));
  assert.equal(
    rowsOf(history, 0).map((row) => [row.run, row.detail]),
    [
      [10, { result: 10 }],
      [9, { result: 9 }],
    ],
  );
  assert.equal(rowsOf(history, 1)[0]?.detail, { reason: "quiet" });
  assert.is(history.rowCount, 3);
});

test("when the table is full a new timer takes a row from another, and one with rows takes its own", () => {
  const history = new History({ perTimerMax: 10, rowsMax: 3 });
  history.add(0, rowOf(1));
  history.add(1, rowOf(2));
  history.add(1, rowOf(3));
  history.add(1, rowOf(4));
  assert.equal(
    rowsOf(history, 1).map((row) => row.run),
    [4, 3],
  );
  history.add(2, rowOf(5));
  assert.is(history.lengthOf(0), 0);
  history.add(3, rowOf(6));
  assert.is(history.rowCount, 3);
  assert.equal(
    rowsOf(history, 3).map((row) => row.run),
    [6],
  );
});

test("clear() forgets a timer's rows and frees their room", () => {
  const history = new History({ perTimerMax: 10, rowsMax: 2 });
  history.add(0, rowOf(1, { detail: { reason: "x" } }));
  history.add(0, rowOf(2));
  history.clear(0);
  assert.is(history.rowCount, 0);
  assert.equal(rowsOf(history, 0), []);
  history.add(1, rowOf(3));
  history.add(2, rowOf(4));
  assert.is(rowsOf(history, 1)[0]?.detail, undefined);
  assert.is(rowsOf(history, 2)[0]?.detail, undefined);
  history.clear(7);
  assert.is(history.rowCount, 2);
});

test("a timer may keep more or fewer rows than others", () => {
  const history = new History({ perTimerMax: 2, rowsMax: 100 });
  for (let run = 1; run <= 5; run++) {
    history.add(0, rowOf(run));
    history.add(1, rowOf(run), 4);
    history.add(2, rowOf(run), 1);
  }
  assert.equal([history.lengthOf(0), history.lengthOf(1), history.lengthOf(2)], [2, 4, 1]);
});

function placesOf(history: History, slot: number): Uint32Array {
  const places: number[] = [];
  history.visitPlaces(slot, (_row, place) => places.push(place));
  return Uint32Array.from(places);
}

test("visitPlaces() gives all rows of a timer, oldest first, in one object", () => {
  const history = new History();
  const rows = [
    rowOf(1, { outcome: "DEAD", attempts: 3, detail: { reason: "late" } }),
    rowOf(2, { outcome: "MISSED", count: 7, lastScheduledAtMs: 90, missedCount: 2 }),
    rowOf(3, { isManual: true, startedAtMs: 0 }),
  ];
  for (const row of rows) history.add(5, row);
  history.add(6, rowOf(4));
  const seen: [HistoryRow, HistoryRow][] = [];
  history.visitPlaces(5, (row) => seen.push([row, { ...row }]));
  assert.equal(
    seen.map(([, copy]) => copy),
    rows,
  );
  assert.ok(seen.every(([row]) => row === seen[0]?.[0]));
  assert.equal(placesOf(history, 7), new Uint32Array(0));
});

test("dropOldest() drops the rows at the places it is given, and no others", () => {
  const history = new History();
  for (let run = 1; run <= 4; run++) history.add(0, rowOf(run, { detail: { result: run } }));
  const places = placesOf(history, 0);
  history.dropOldest(0, places, 0, 3);
  assert.equal(
    rowsOf(history, 0).map(({ run, detail }) => [run, detail]),
    [[4, { result: 4 }]],
  );
  history.dropOldest(0, places, 3, 3);
  assert.is(history.rowCount, 1);
  history.dropOldest(0, places, 3, 4);
  assert.equal([rowsOf(history, 0), history.rowCount], [[], 0]);
  history.add(0, rowOf(5));
  assert.equal(rowsOf(history, 0), [rowOf(5)]);
});

test("dropOldest() with places of rows that are not the oldest is a mistake", () => {
  const history = new History();
  for (let run = 1; run <= 3; run++) history.add(0, rowOf(run));
  assert.throws(() => history.dropOldest(0, placesOf(history, 0), 1, 2), /oldest rows/);
});

test("rows that become free are used again in the order of the table", () => {
  const history = new History();
  for (let run = 0; run < 6; run++) history.add(run % 2, rowOf(run + 1));
  history.clear(1);
  history.clear(0);
  for (let run = 0; run < 6; run++) history.add(7, rowOf(run + 10));
  const places = placesOf(history, 7);
  assert.equal(places, places.slice().sort());
  assert.is(history.rowCount, 6);
});

test("forget() remembers a timer of which a snapshot may have rows, until it was told of", () => {
  const history = new History();
  history.add(0, rowOf(1));
  history.forget(0, 700, 1);
  history.add(1, rowOf(2));
  history.forget(1, 701, 5);
  assert.is(history.rowCount, 0);
  const taken = history.takeForgotten();
  assert.equal([taken, history.takeForgotten()], [[701], []]);
  history.returnForgotten(taken);
  assert.equal(history.takeForgotten(), [701]);
});

test("rows are as they were added however many there are", () => {
  // More than fit into one piece of the table.
  const count = 40_000;
  const history = new History();
  for (let run = 1; run <= count; run++) history.add(run % 1_000, rowOf(run));
  for (const slot of [0, 1, 617, 999]) {
    const rows: HistoryRow[] = [];
    for (let run = count - 1_000 + (slot || 1_000); run > 0; run -= 1_000) rows.push(rowOf(run));
    assert.equal(rowsOf(history, slot), rows);
  }
});

test("a history without room is a mistake", () => {
  assert.throws(() => new History({ perTimerMax: 0, rowsMax: 1 }), /room for a row/);
  assert.throws(() => new History({ perTimerMax: 1, rowsMax: 0 }), /room for a row/);
});

test("lists agree with plain arrays, whatever is added and cleared", () => {
  const step = fc.tuple(fc.nat(5), fc.nat(9));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(step, { maxLength: 150, size: "max" }),
      (perTimerMax, rowsMax, steps) => {
        const history = new History({ perTimerMax, rowsMax });
        const model = new Map<number, number[]>();
        steps.forEach(([slot, action], index) => {
          const rows = model.get(slot) ?? [];
          if (action === 0) {
            history.clear(slot);
            model.set(slot, []);
          } else {
            history.add(slot, rowOf(index + 1, { detail: { result: index } }));
            model.set(slot, [index + 1, ...rows]);
          }
          let total = 0;
          for (let each = 0; each <= 5; each++) {
            const held = rowsOf(history, each);
            // Only the oldest rows may be missing, and nobody keeps more than allowed.
            assert.equal(
              held.map((row) => row.run),
              (model.get(each) ?? []).slice(0, held.length),
            );
            assert.ok(held.every((row) => row.detail?.result === row.run - 1));
            assert.is(held.length, history.lengthOf(each));
            assert.ok(held.length <= perTimerMax);
            total += held.length;
            model.set(each, (model.get(each) ?? []).slice(0, held.length));
          }
          assert.is(total, history.rowCount);
          assert.ok(total <= rowsMax);
          if (action !== 0) assert.is(rowsOf(history, slot)[0]?.run, index + 1);
        });
      },
    ),
    { numRuns: 200, includeErrorInReport: true },
  );
});

test.run();
