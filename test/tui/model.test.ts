import { equal, is, ok } from "uvu/assert";
import type { TimersWindow } from "../../src/tui/facts.ts";
import type { Model } from "../../src/tui/model/model.ts";
import { timersQuery } from "../../src/tui/model/timers-pane.ts";
import { update } from "../../src/tui/model/update.ts";
import { wantsOf } from "../../src/tui/model/wants.ts";
import { suite } from "../support/suite.ts";
import {
  after,
  detail,
  events,
  keys,
  modelOf,
  nowMs,
  runs,
  statsAt,
  timers,
  timersTold,
  twoMinutes,
} from "./example.ts";

const test = suite("tui model");

/** The list of timers, live and filled. */
function listed(columns = 80, rows = 24): Model {
  const model = after(modelOf(columns, rows, ...twoMinutes), ...keys("2"));
  return after(model, ...timersTold(model));
}

/** What pressing these keys asks to be done. */
function effectsOf(model: Model, ...names: readonly string[]): unknown[] {
  const effects: unknown[] = [];
  let held = model;
  for (const event of keys(...names)) {
    const step = update(held, event);
    held = step.model;
    effects.push(...step.effects);
  }
  return effects;
}

/** A made-up runtime with so many timers, which answers what the list asks. */
function answered(model: Model, total: number): Model {
  const query = timersQuery(model);
  const { anchor, shift, limit } = query;
  const anchorAt = anchor === undefined ? 0 : anchor === "end" ? total : Number(anchor[1]);
  const position = Math.max(0, Math.min(anchorAt + shift, total - limit));
  const ids = Array.from({ length: Math.min(limit, total) }, (_, at) => String(position + at).padStart(6, "0"));
  const window: TimersWindow = {
    ...{ position, total, walkMs: 0 },
    rows: ids.map((id) => ({ ...(timers[0] as (typeof timers)[0]), id })),
    places: ids.map((id) => [0, id] as const),
  };
  return after(model, { kind: "timers", query, window });
}

test("only what is shown is asked for", () => {
  const model = modelOf(80, 24, ...twoMinutes);
  equal(wantsOf(model), {});
  equal(Object.keys(wantsOf(after(model, ...keys("2")))), ["timers"]);
  equal(wantsOf(listed()).strips?.length, 18);
  equal(Object.keys(wantsOf(after(model, ...keys("3")))), ["timeline"]);
  equal(wantsOf(after(model, ...keys("4"))), { runs: true, events: { timerId: undefined, types: ["PROGRESS"] } });
  equal(Object.keys(wantsOf(after(model, ...keys("6")))), ["events"]);
  equal(wantsOf(after(model, ...keys("6", " "))), {});
  is(wantsOf(after(listed(), ...keys("enter"))).detail, "backup-database");
});

test("a hundred thousand timers are walked through with windows of three screens", () => {
  let model = answered(after(modelOf(80, 24, ...twoMinutes), ...keys("2")), 100_000);
  const seen: string[] = [];
  for (let at = 0; at < 300; at++) {
    const { rows, cursor } = model.timers;
    seen.push(rows[cursor]?.id ?? "none");
    ok(rows.length <= 54, `${rows.length} rows`);
    model = answered(after(model, ...keys("down")), 100_000);
  }
  equal(
    seen.map(Number),
    Array.from({ length: 300 }, (_, at) => at),
  );
  for (let at = 300; at > 0; at--) model = answered(after(model, ...keys("up")), 100_000);
  equal([model.timers.selectedId, model.timers.position, model.timers.top], ["000000", 0, 0]);
});

test("the end of the list is a key away, and so is its start", () => {
  const start = answered(after(modelOf(80, 24, ...twoMinutes), ...keys("2")), 100_000);
  const end = answered(after(start, ...keys("G")), 100_000);
  is(end.timers.selectedId, "099999");
  is(end.timers.top + 18, end.timers.rows.length);
  is(answered(after(end, ...keys("g")), 100_000).timers.selectedId, "000000");
});

test("what is selected stays selected when the list changes around it", () => {
  const model = after(listed(), ...keys("down", "down"));
  is(model.timers.selectedId, "clean-uploads");
  const query = timersQuery(model);
  const rows = [timers[5], timers[2], timers[0]].flatMap((timer) => timer ?? []);
  const places = rows.map(({ id }) => [0, id] as const);
  const moved = after(model, { kind: "timers", query, window: { rows, places, position: 0, total: 3, walkMs: 0 } });
  equal([moved.timers.selectedId, moved.timers.cursor], ["clean-uploads", 1]);
});

test("an answer to what is no longer asked for is dropped", () => {
  const model = listed();
  const query = timersQuery(model);
  const other = after(model, ...keys("s"));
  is(other.timers.isLoaded, false);
  const window = { rows: timers.slice(0, 3), places: [], position: 0, total: 3, walkMs: 0 };
  is(after(other, { kind: "timers", query, window }), other);
});

test("a filter is typed, kept, and taken back", () => {
  const model = after(listed(), ...keys("/", "a", "q", "backspace", "b"));
  equal([model.timers.filter, timersQuery(model).match], ["ab", "ab"]);
  is(after(model, ...keys("enter")).timers.filter, "ab");
  is(after(model, ...keys("escape")).timers.filter, "");
  is(after(model, ...keys("enter", "escape")).timers.filter, "");
});

test("sorting and states go round", () => {
  const model = after(listed(), ...keys("s", "s"));
  equal([model.timers.sort, model.timers.descending], ["last", true]);
  is(after(model, ...keys("S")).timers.descending, false);
  is(after(listed(), ...keys("f")).timers.state, "running");
  is(after(listed(), ...keys(..."ffffffffff")).timers.state, undefined);
});

test("what hurts is asked about, and only y is a yes", () => {
  const trigger = { kind: "act", action: { kind: "trigger", timerId: "backup-database" } };
  equal(effectsOf(listed(), "t"), []);
  equal(effectsOf(listed(), "t", "y"), [trigger]);
  equal(effectsOf(listed(), "t", "enter"), []);
  equal(effectsOf(listed(), "t", "n", "y"), []);
  equal(effectsOf(listed(), "X", "y"), [{ kind: "act", action: { kind: "cancelTimer", timerId: "backup-database" } }]);
  equal(effectsOf(listed(), "R", "y"), [{ kind: "act", action: { kind: "retry", timerId: "backup-database" } }]);
  equal(effectsOf(listed(), "C", "y"), [{ kind: "act", action: { kind: "compact" } }]);
  equal(effectsOf(listed(), "L", "y"), [{ kind: "act", action: { kind: "reload" } }]);
});

test("pausing can be taken back and is done at once; what is paused is resumed", () => {
  equal(effectsOf(listed(), "p"), [{ kind: "act", action: { kind: "pause", timerId: "backup-database" } }]);
  const paused = after(listed(), ...keys("down", "down", "down", "down", "down"));
  equal(effectsOf(paused, "p"), [{ kind: "act", action: { kind: "resume", timerId: "reindex-search" } }]);
});

test("runs are cancelled by the run that is selected, wherever it moves to", () => {
  let model = after(listed(), ...keys("4"), { kind: "runs", runs, isPart: false }, ...keys("down"));
  model = after(model, { kind: "runs", runs: runs.slice(1), isPart: false });
  equal(effectsOf(model, "x", "y"), [{ kind: "act", action: { kind: "cancelRun", runId: "run_00000a1b3f" } }]);
});

test("nothing is asked of a runtime that is not there", () => {
  const model = after(listed(), { kind: "lost", why: "gone" });
  equal(effectsOf(model, "t", "y", "p", "C", "y"), []);
});

test("the palette finds commands and timers by what is typed", () => {
  equal(effectsOf(listed(), ":", "q", "u", "enter"), [{ kind: "quit" }]);
  is(after(listed(), ...keys(":", ..."timel", "enter")).view, "timeline");
  is(after(listed(), ...keys(":", ..."mail-d", "enter")).detail?.id, "mail-digest");
  is(after(listed(), ...keys(":", ..."sort", "down", "enter")).timers.sort, "next");
  is(after(listed(), ...keys(":", ..."xyz", "enter")).notice?.isBad, true);
});

test("rates come from the totals, whatever figures were left out between", () => {
  const model = modelOf(80, 24, { kind: "stats", stats: statsAt(1) }, { kind: "stats", stats: statsAt(3) });
  const [runsPerSecond] = model.runsPerSecond;
  is(runsPerSecond, (statsAt(3).totals.started - statsAt(1).totals.started) / 2);
});

test("a new runtime, and a long silence, make no rate", () => {
  const first = statsAt(10);
  const next = statsAt(11);
  const restarted = { ...next, status: { ...next.status, pid: 1 } };
  is(modelOf(80, 24, { kind: "stats", stats: first }, { kind: "stats", stats: restarted }).runsPerSecond.length, 0);
  is(modelOf(80, 24, { kind: "stats", stats: first }, { kind: "stats", stats: statsAt(20) }).runsPerSecond.length, 0);
});

test("a runtime is lost once, and found again by its figures", () => {
  const lost = after(listed(), { kind: "lost", why: "gone" }, { kind: "tick", nowMs: nowMs + 5_000 });
  equal(after(lost, { kind: "lost", why: "still gone" }).link, { kind: "lost", sinceMs: nowMs, why: "still gone" });
  equal(after(lost, { kind: "stats", stats: statsAt(121) }).link, { kind: "live" });
});

test("events that are paused stay where they are, and those that come are counted", () => {
  const shown = after(listed(), ...keys("6"), { kind: "events", timerId: undefined, items: events });
  const paused = after(shown, ...keys(" "), { kind: "events", timerId: undefined, items: events.slice(0, 2) });
  equal([paused.events.items.length, paused.events.unseen], [events.length, 2]);
  const many = Array.from({ length: 1_000 }, () => events[0] as (typeof events)[0]);
  is(after(shown, { kind: "events", timerId: undefined, items: many }).events.items.length, 500);
});

test("a detail shows its own timer only", () => {
  const opened = after(listed(), ...keys("enter"));
  is(after(opened, { kind: "detail", id: "other", facts: detail }).detail?.facts, undefined);
  is(after(opened, { kind: "noDetail", id: "backup-database", why: "gone" }).detail?.trouble, "gone");
  is(after(opened, ...keys("escape")).view, "timers");
});

test("a click selects, and a second one opens", () => {
  const clicked = after(listed(), { kind: "hit", hit: { kind: "row", index: 3 } });
  is(clicked.timers.selectedId, "mail-digest");
  is(after(clicked, { kind: "hit", hit: { kind: "row", index: 3 } }).detail?.id, "mail-digest");
  is(after(clicked, { kind: "hit", hit: { kind: "view", view: "apps" } }).view, "apps");
});

test("a smaller screen keeps what is selected in sight", () => {
  const model = after(listed(160, 50), ...keys(...Array.from({ length: 40 }, () => "down")));
  const { timers: pane } = after(model, { kind: "resize", columns: 80, rows: 12 });
  ok(pane.cursor >= pane.top && pane.cursor < pane.top + 6, `${pane.cursor} of ${pane.top}`);
  is(pane.selectedId, model.timers.selectedId);
});

test.run();
