/**
 * Chance drives an engine through crashes, full disks, clock steps, runners that die, go away and come back, and every
 * command, over virtual time, and the log it leaves is checked occurrence by occurrence. `KRON_SEED=n` repeats one round, `KRON_ROUNDS=n` asks for more.
 */

import * as assert from "uvu/assert";
import { overlapPolicies } from "../../src/core/definition.ts";
import { checkState } from "../../src/core/invariants.ts";
import type { ScheduleOptions } from "../../src/core/options.ts";
import { Kind } from "../../src/core/record.ts";
import type { AttemptEnd } from "../../src/ports.ts";
import type { RunContext } from "../../src/runners/callback-context.ts";
import { checkAccount } from "../support/account-check.ts";
import { assertAuditFindsNothing } from "../support/audit-check.ts";
import { EngineRig } from "../support/engine-rig.ts";
import { Seeded, seedFromEnvironment } from "../support/seeded.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/simulation", 100_000);

const firstSeed = seedFromEnvironment();
const rounds = process.env.KRON_SEED === undefined ? Number(process.env.KRON_ROUNDS ?? 40) : 1;

/** An attempt as far as its timer's other attempts are concerned. */
interface Executing {
  readonly isAborted: () => boolean;
  /** Whether it is a module's, and so not in the process with the callbacks. */
  readonly isHosted: boolean;
}

/** An attempt of a module, and the way in which it will behave. */
interface HostedAttempt extends Executing {
  readonly end: (end: AttemptEnd) => void;
}

/** One engine life after another over one log, with chance as their user. */
class Simulation {
  readonly rig: EngineRig;
  /** What was seen to be wrong while attempts were executed. */
  readonly faults: string[] = [];
  readonly #random: Seeded;
  readonly #options = new Map<string, ScheduleOptions>();
  readonly #tokens = new Set<number>();
  /** Attempts that execute now, by timer. */
  readonly #executing = new Map<string, Set<Executing>>();
  /** Attempts of modules under way, which their host takes with it when it dies. */
  readonly #hosted = new Set<HostedAttempt>();
  #life = 0;
  #isCalm = false;

  constructor(random: Seeded) {
    this.#random = random;
    this.rig = new EngineRig({ concurrency: random.int(1, 6), orphanGraceMs: 5_000, quietTurns: 2 });
  }

  async run(steps: number): Promise<void> {
    this.#host();
    for (let n = 0; n < this.#random.int(2, 7); n++) await this.#schedule(`t${n}`);
    for (let step = 0; step < steps; step++) {
      await this.#act();
      await this.rig.clock.advance(this.#random.int(0, 4_000));
    }
    await this.#calmDown();
  }

  get tokens(): ReadonlySet<number> {
    return this.#tokens;
  }

  /** All obstacles away, everything attached and active, and time to finish. */
  async #calmDown(): Promise<void> {
    this.#isCalm = true;
    this.rig.log.isFull = false;
    if (this.rig.log.isHeld) this.rig.log.release();
    this.#comeBack();
    await this.rig.clock.advance("2s");
    for (const [id, options] of this.#options) await this.rig.add(id, options, this.#callback(id));
    for (const id of this.#options.keys()) await this.rig.settle(this.rig.commands.resume(id).catch(() => undefined));
    await this.rig.clock.advance("5m");
  }

  async #act(): Promise<void> {
    const random = this.#random;
    const { rig } = this;
    const id = random.pick([...this.#options.keys()]);
    const ignore = (): void => undefined;
    switch (random.int(0, 17)) {
      case 0:
        return this.#crash();
      case 1:
        // Some of what is under way is committed, some is lost.
        rig.log.isHeld = true;
        await rig.clock.advance(random.int(0, 3_000));
        rig.log.commit(random.int(0, 3));
        if (random.chance(0.5)) return this.#crash();
        rig.log.release();
        return;
      case 2:
        rig.log.isFull = !rig.log.isFull;
        return;
      case 3:
        void rig.commands.pause(id).catch(ignore);
        return;
      case 4:
      case 5:
        void rig.commands.resume(id).catch(ignore);
        return;
      case 6:
        void rig.commands.cancel(id, random.chance(0.5)).catch(ignore);
        if (random.chance(0.5)) void this.#schedule(id);
        return;
      case 7:
      case 8:
        for (let n = random.int(1, 3); n > 0; n--) void rig.commands.trigger(id, undefined, 0).catch(ignore);
        return;
      case 9:
        rig.clock.jumpWall(random.int(-8_000, 20_000));
        return;
      case 10:
        rig.clock.suspend(random.int(1, 120_000));
        return;
      case 11:
      case 12:
        return this.#leave();
      case 13:
      case 14:
        return this.#comeBack();
      case 15:
        // The host of all modules dies.
        for (const attempt of [...this.#hosted]) attempt.end({ kind: "lost", error: new Error("The host ended") });
        return;
      default:
        await this.#schedule(id);
    }
  }

  async #crash(): Promise<void> {
    this.rig.crash();
    this.#life += 1;
    this.#executing.clear();
    this.#hosted.clear();
    if (this.#random.chance(0.5)) await this.rig.clock.advance(this.#random.int(1, 30_000));
    this.rig.start();
    this.#host();
    // Some come back with their callback at once, some later or never in this life.
    for (const [id, options] of this.#options) {
      if (this.#random.chance(0.8)) void this.rig.schedule(id, options, this.#callback(id)).catch(() => undefined);
    }
  }

  async #schedule(id: string): Promise<void> {
    const options = this.#randomOptions();
    const result = this.rig.schedule(id, options, this.#callback(id)).catch(() => undefined);
    this.#options.set(id, options);
    await this.rig.clock.settle();
    // While the log is held it is not settled yet, which is as good.
    void result;
  }

  #randomOptions(): ScheduleOptions {
    const random = this.#random;
    const schedule: ScheduleOptions = random.pick([
      { every: random.int(1, 9) * 1_000 },
      { every: random.int(300, 5_000) },
      { cron: random.pick(["* * * * * *", "*/5 * * * * *", "*/7 * * * * *", "@reboot"]) },
      { after: random.int(0, 20_000) },
      { at: this.rig.clock.nowMs() + random.int(-30_000, 30_000) },
    ]);
    const overlap = random.pick(overlapPolicies);
    return {
      ...schedule,
      ...(random.chance(0.4) && { module: "./job.js" }),
      overlap,
      ...(overlap === "allow" && random.chance(0.5) && { concurrency: random.int(1, 3) }),
      retry: random.pick([
        false,
        { maxAttempts: random.int(1, 4), backoff: random.pick(["fixed", "linear"]), base: random.int(0, 3_000) },
      ]),
      misfire: random.pick(["skip", "once", "all", { mode: "all", max: 2 }, { mode: "once", within: "5s" }]),
      ...(random.chance(0.4) && { timeout: random.int(500, 3_000) }),
      grace: random.int(0, 2_000),
      ...("every" in schedule &&
        random.chance(0.3) && { jitter: { max: 200, mode: random.pick(["stable", "random"]) } }),
    };
  }

  /** The process with some of the callbacks goes away. What it was executing is executed no more. */
  #leave(): void {
    const ids = this.#knownIds().filter(() => this.#random.chance(0.5));
    for (const id of ids) {
      for (const one of this.#executing.get(id) ?? []) if (!one.isHosted) this.#executing.get(id)?.delete(one);
    }
    this.rig.leave(...ids);
  }

  #comeBack(): void {
    this.rig.comeBack(...this.#knownIds());
  }

  #knownIds(): string[] {
    const { timers } = this.rig.engine.data;
    return [...this.#options.keys()].filter((id) => timers.slotOf(id) !== undefined);
  }

  /** Modules: most end by themselves, some stop when asked, some when forced to, some not even then. */
  #host(): void {
    const life = this.#life;
    const random = this.#random;
    const { rig } = this;
    rig.targets.onStart = (attempt) => {
      const id = attempt.order.timerId;
      this.#check(!this.#tokens.has(attempt.order.fencingToken), "an attempt is executed once");
      this.#tokens.add(attempt.order.fencingToken);
      let isOver = false;
      const hosted: HostedAttempt = {
        isAborted: () => attempt.aborts.length > 0,
        isHosted: true,
        end: (end) => {
          if (isOver) return;
          isOver = true;
          if (life === this.#life) {
            this.#hosted.delete(hosted);
            this.#executing.get(id)?.delete(hosted);
          }
          attempt.end(end);
        },
      };
      this.#noteBegin(id, hosted);
      this.#hosted.add(hosted);
      const error = new Error("no luck");
      const later = (ms: number, end: AttemptEnd): void => void rig.clock.wakeAfter(ms, () => hosted.end(end));
      if (random.chance(0.1)) return hosted.end({ kind: "succeeded", result: 1 });
      if (this.#isCalm || random.chance(0.8)) {
        const end = random.pick<AttemptEnd>([
          { kind: "succeeded", result: { n: 1 } },
          { kind: "failed", error },
          { kind: "lost", error },
        ]);
        later(random.int(0, 6_000), end);
      }
      if (random.chance(0.6)) attempt.onAbort = () => later(random.int(0, 2_500), { kind: "failed", error });
      attempt.onTerminate = () => {
        this.#check(attempt.aborts.length === 1, "it is asked before it is forced, and once");
        this.#check(attempt.terminations === 1, "it is forced once");
        const ending = random.pick(["thread-terminated", "process-killed"] as const);
        if (random.chance(0.9)) later(random.pick([0, 10, 4_000, 7_000]), { kind: "lost", error, ending });
      };
    };
  }

  /** Takes a while, then ends in one of many ways; some do not listen to their signal, some never end. */
  #callback(id: string) {
    return async (context: RunContext): Promise<unknown> => {
      const life = this.#life;
      const random = this.#random;
      this.#check(!this.#tokens.has(context.fencingToken), "an attempt is executed once");
      this.#tokens.add(context.fencingToken);
      const executing: Executing = { isAborted: () => context.signal.aborted, isHosted: false };
      this.#noteBegin(id, executing);
      const listens = random.chance(0.7);
      try {
        if (random.chance(0.2)) return 1;
        await new Promise<void>((resolve, reject) => {
          if (!random.chance(0.05)) this.rig.clock.wakeAfter(random.int(0, 6_000), resolve);
          if (listens) context.signal.addEventListener("abort", () => reject(context.signal.reason));
        });
        if (random.chance(0.3)) throw new Error("no luck");
        return { life };
      } finally {
        if (life === this.#life) this.#executing.get(id)?.delete(executing);
      }
    };
  }

  /** What fails in the midst of an attempt would only fail the attempt, so it is kept for later. */
  #check(isRight: boolean, what: string): void {
    if (!isRight) this.faults.push(what);
  }

  /** Unless `allow`, only attempts that were asked to stop may still execute when another begins. */
  #noteBegin(id: string, executing: Executing): void {
    const others = this.#executing.get(id) ?? new Set();
    this.#executing.set(id, others);
    if (this.rig.view(id).definition.overlap !== "allow") {
      for (const other of others) this.#check(other.isAborted(), `${id} overlaps with itself`);
    }
    others.add(executing);
  }
}

test(`any history adds up (${rounds} rounds from seed ${firstSeed})`, async () => {
  const endings: Record<string, number> = {};
  const totals = { succeeded: 0, dead: 0, cancelled: 0, lost: 0, missed: 0, skipped: 0 };
  for (let round = 0; round < rounds; round++) {
    const seed = firstSeed + round;
    const simulation = new Simulation(new Seeded(seed));
    const { rig } = simulation;
    try {
      await simulation.run(60);
      assert.equal(simulation.faults, []);
      const account = checkAccount(rig.store.entries());
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += account[name];
      for (const token of simulation.tokens) assert.ok(account.tokens.has(token), "what executed was begun by the log");
      compareStates(rig, account.state);
      assert.equal(checkState(rig.engine.data), []);
      const { state: _state, tokens: _tokens, ...counts } = account;
      assert.equal(assertAuditFindsNothing(rig.store.entries()), counts, "both accounts count the same");
      countEndings(rig, endings);
      checkLiveness(rig);
    } catch (error) {
      throw new Error(`KRON_SEED=${seed}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    rig.crash();
  }
  console.log(`simulation from seed ${firstSeed}: ${JSON.stringify({ ...totals, ...endings })}`);
});

/** How attempts were ended by force, as far as the log says. */
function countEndings(rig: EngineRig, endings: Record<string, number>): void {
  for (const [, ...records] of rig.store.entries()) {
    for (const record of records) {
      const ending =
        record[0] === Kind.RUN_CANCELLED ? record[4] : record[0] === Kind.RUN_TIMED_OUT ? record[7] : undefined;
      if (ending !== undefined) endings[ending] = (endings[ending] ?? 0) + 1;
    }
  }
}

/** What a restart would read is what is held now. */
function compareStates(rig: EngineRig, replayed: EngineRig["engine"]["data"]): void {
  const { data } = rig.engine;
  for (let slot = 0; slot < data.timers.slotCount; slot++) {
    assert.equal(replayed.timers.numbers(slot), data.timers.numbers(slot));
  }
  assert.equal([...replayed.runs.values()], [...data.runs.values()]);
}

/** After five quiet minutes nothing is stuck: what is due has begun, and nothing waits for nothing. */
function checkLiveness(rig: EngineRig): void {
  const { data, scheduler } = rig.engine;
  const { timers } = data;
  for (let slot = 0; slot < timers.slotCount; slot++) {
    const id = timers.idOf(slot) ?? "";
    const view = rig.view(id);
    const { schedule } = view.definition;
    if (["running", "retrying", "waiting", "cancelled", "completed", "dead"].includes(view.state)) continue;
    if (schedule.kind === "cron" && schedule.expression === "@reboot") continue;
    assert.ok(view.nextRunAtMs !== undefined, `${id} has a next due time: ${JSON.stringify(view)}`);
    if (scheduler.hasFreeSlot)
      assert.ok(view.nextRunAtMs >= rig.clock.nowMs(), `${id} is not overdue: ${JSON.stringify(view)}`);
  }
  if (scheduler.hasFreeSlot) {
    for (const run of data.runs.values()) {
      const others = [...data.runs.values()].filter(({ slot, state }) => slot === run.slot && state === "running");
      if (run.state === "waiting")
        assert.ok(others.length > 0 || timers.liveRuns.get(run.slot) > 1, "a run waits for another");
      if (run.state === "retrying" && others.length === 0)
        assert.ok(run.retryAtMs >= rig.clock.nowMs(), "a retry is not overdue");
    }
  }
  assert.is(rig.engine.ledger.isWritable, true);
}

test.run();
