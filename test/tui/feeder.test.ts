import { equal, is, ok } from "uvu/assert";
import { VirtualClock } from "../../src/testing.ts";
import type { EventFacts, StatsFacts, TimersQuery, TimersWindow } from "../../src/tui/facts.ts";
import { Feeder } from "../../src/tui/feeder.ts";
import type { TuiEvent } from "../../src/tui/model/event.ts";
import type { EventsQuery, Source } from "../../src/tui/source.ts";
import { suite } from "../support/suite.ts";
import { detail, statsAt, timelineOf } from "./example.ts";

const test = suite("tui feeder");

const query: TimersQuery = {
  ...{ sort: "id", descending: false, match: "", state: undefined, anchor: undefined, shift: 0, limit: 10 },
};
const emptyWindow: TimersWindow = { rows: [], places: [], position: 0, total: 0, walkMs: 0 };

/** A runtime that the test plays. */
class FakeSource implements Source {
  readonly asked: string[] = [];
  walkMs = 0;
  /** Holds back the answers to `timers` until it is called. */
  release: (() => void) | undefined;
  isHeld = false;
  eventCount = 0;
  /** Events that have been read. */
  read = 0;
  readonly signals: AbortSignal[] = [];
  lose: (why: string) => void = () => undefined;
  isClosed = false;

  async *stats(signal: AbortSignal): AsyncGenerator<StatsFacts> {
    this.signals.push(signal);
    yield statsAt(1);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }

  async *events(_query: EventsQuery, signal: AbortSignal): AsyncGenerator<EventFacts> {
    this.asked.push("events");
    this.signals.push(signal);
    for (; this.read < this.eventCount && !signal.aborted; this.read++) {
      yield { type: "LOG", atMs: 0, timerId: "a", runId: undefined, text: String(this.read) };
    }
  }

  async timers(asked: TimersQuery): Promise<TimersWindow> {
    this.asked.push(`timers ${asked.match}`);
    if (this.isHeld) {
      await new Promise<void>((resolve) => {
        this.release = resolve;
      });
    }
    return { ...emptyWindow, walkMs: this.walkMs };
  }

  async strips(): Promise<readonly string[]> {
    this.asked.push("strips");
    return [];
  }

  async timeline() {
    this.asked.push("timeline");
    return timelineOf(10);
  }

  async detail(id: string) {
    this.asked.push(`detail ${id}`);
    if (id === "nobody") throw new Error("Timer is not known");
    return detail;
  }

  async runs() {
    this.asked.push("runs");
    return { runs: [], isPart: false };
  }

  async act(): Promise<string> {
    return "done";
  }

  onClose(listener: (why: string) => void): void {
    this.lose = listener;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

/** A feeder in virtual time, with what it told. */
function rig(connect: () => Promise<Source> = () => Promise.reject(new Error("nobody is there"))) {
  const clock = new VirtualClock();
  const told: TuiEvent[] = [];
  const feeder = new Feeder({ clock, connect, dispatch: (event) => told.push(event) });
  const source = new FakeSource();
  feeder.start(source);
  const count = (kind: TuiEvent["kind"]): number => told.filter((event) => event.kind === kind).length;
  return { clock, told, feeder, source, count };
}

test("what is wanted is asked for once a second, and what is not wanted never", async () => {
  const { clock, feeder, source, count } = rig();
  await clock.advance("5s");
  equal(source.asked, []);
  feeder.want({ timers: query });
  await clock.advance("4500ms");
  is(count("timers"), 5);
  feeder.want({});
  await clock.advance("5s");
  is(count("timers"), 5);
  await feeder.stop();
});

test("a runtime that had much work with an answer gets a long pause", async () => {
  const { clock, feeder, source, count } = rig();
  source.walkMs = 200;
  feeder.want({ timers: query });
  await clock.advance("12500ms");
  // 200 ms every 4 s: 5 % of its time.
  is(count("timers"), 4);
  await feeder.stop();
});

test("one request is under way at a time, and the next is for what is wanted by then", async () => {
  const { clock, feeder, source } = rig();
  source.isHeld = true;
  feeder.want({ timers: query });
  await clock.advance("1ms");
  for (const match of ["a", "ab", "abc"]) feeder.want({ timers: { ...query, match } });
  await clock.advance("500ms");
  equal(source.asked, ["timers "]);
  source.isHeld = false;
  source.release?.();
  await clock.advance("100ms");
  equal(source.asked, ["timers ", "timers abc"]);
  await feeder.stop();
});

test("events are read at the pace of a screen", async () => {
  const { clock, feeder, source, told } = rig();
  source.eventCount = 1_000_000;
  feeder.want({ events: { timerId: undefined, types: undefined } });
  await clock.advance("1s");
  ok(source.read <= 550 && source.read >= 450, `${source.read}`);
  const batches = told.filter((event) => event.kind === "events");
  ok(batches.length <= 10, `${batches.length}`);
  feeder.want({});
  await clock.advance("1s");
  ok(source.read <= 600, `${source.read}`);
  await feeder.stop();
});

test("a runtime that goes away is told of, looked for, and asked again for what is wanted", async () => {
  const next = new FakeSource();
  let tries = 0;
  const { clock, feeder, source, told, count } = rig(async () => {
    tries += 1;
    if (tries < 4) throw new Error("nobody is there");
    return next;
  });
  feeder.want({ detail: "a", timeline: { horizonMs: 1_000, buckets: 10 } });
  await clock.advance("1ms");
  source.lose("it hung up");
  ok(source.signals.every(({ aborted }) => aborted));
  const lost = told.filter((event) => event.kind === "lost");
  equal(lost, [{ kind: "lost", why: "it hung up" }]);
  await clock.advance("100ms");
  is(tries, 1);
  await clock.advance("5s");
  is(tries, 4);
  is(count("connected"), 2);
  ok(next.asked.includes("detail a") && next.asked.includes("timeline"));
  await feeder.stop();
  is(next.isClosed, true);
});

test("a timer that is not there is told as that, and no connection is lost for it", async () => {
  const { clock, feeder, told, count } = rig();
  feeder.want({ detail: "nobody" });
  await clock.advance("1ms");
  const trouble = told.find((event) => event.kind === "noDetail");
  equal(trouble, { kind: "noDetail", id: "nobody", why: "Timer is not known" });
  is(count("lost"), 0);
  await feeder.stop();
});

test("nothing is left behind when it stops", async () => {
  const { clock, feeder } = rig();
  feeder.want({ timers: query, runs: true, events: { timerId: undefined, types: undefined } });
  await clock.advance("1ms");
  await feeder.stop();
  is(clock.pendingWaits <= 1, true, `${clock.pendingWaits}`);
});

test.run();
