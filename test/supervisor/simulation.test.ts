/**
 * Chance drives an engine through crashes, full disks, clock steps and every command, over virtual time, and the
 * log it leaves is checked occurrence by occurrence. `KRON_SEED=n` repeats one round, `KRON_ROUNDS=n` asks for more.
 */

import * as assert from "uvu/assert";
import { overlapPolicies } from "../../src/core/definition.ts";
import { checkState } from "../../src/core/invariants.ts";
import type { ScheduleOptions } from "../../src/core/options.ts";
import type { RunContext } from "../../src/runners/callback-context.ts";
import { checkAccount } from "../support/account-check.ts";
import { assertAuditFindsNothing } from "../support/audit-check.ts";
import { EngineRig } from "../support/engine-rig.ts";
import { Seeded, seedFromEnvironment } from "../support/seeded.ts";
import { suite } from "../support/suite.ts";

const test = suite("supervisor/simulation", 100_000);

const firstSeed = seedFromEnvironment();
const rounds = process.env.KRON_SEED === undefined ? Number(process.env.KRON_ROUNDS ?? 60) : 1;

/** One engine life after another over one log, with chance as their user. */
class Simulation {
  readonly rig: EngineRig;
  readonly #random: Seeded;
  readonly #options = new Map<string, ScheduleOptions>();
  readonly #tokens = new Set<number>();
  /** Signals of attempts that execute in this process, by timer. */
  readonly #executing = new Map<string, Set<RunContext>>();
  #life = 0;

  constructor(random: Seeded) {
    this.#random = random;
    this.rig = new EngineRig({ concurrency: random.int(1, 6), orphanGraceMs: 5_000, quietTurns: 2 });
  }

  async run(steps: number): Promise<void> {
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
    this.rig.log.isFull = false;
    if (this.rig.log.isHeld) this.rig.log.release();
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
    switch (random.int(0, 12)) {
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
      default:
        await this.#schedule(id);
    }
  }

  async #crash(): Promise<void> {
    this.rig.crash();
    this.#life += 1;
    this.#executing.clear();
    if (this.#random.chance(0.5)) await this.rig.clock.advance(this.#random.int(1, 30_000));
    this.rig.start();
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

  /** Takes a while, then ends in one of many ways; some do not listen to their signal, some never end. */
  #callback(id: string) {
    return async (context: RunContext): Promise<unknown> => {
      const life = this.#life;
      const random = this.#random;
      assert.not.ok(this.#tokens.has(context.fencingToken), "an attempt is executed once");
      this.#tokens.add(context.fencingToken);
      this.#noteBegin(id, context);
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
        if (life === this.#life) this.#executing.get(id)?.delete(context);
      }
    };
  }

  /** Unless `allow`, only attempts that were asked to stop may still execute when another begins. */
  #noteBegin(id: string, context: RunContext): void {
    const others = this.#executing.get(id) ?? new Set();
    this.#executing.set(id, others);
    if (this.rig.view(id).definition.overlap !== "allow") {
      for (const other of others) assert.ok(other.signal.aborted, `${id} overlaps with itself`);
    }
    others.add(context);
  }
}

test(`any history adds up (${rounds} rounds from seed ${firstSeed})`, async () => {
  const totals = { succeeded: 0, dead: 0, cancelled: 0, lost: 0, missed: 0, skipped: 0 };
  for (let round = 0; round < rounds; round++) {
    const seed = firstSeed + round;
    const simulation = new Simulation(new Seeded(seed));
    const { rig } = simulation;
    try {
      await simulation.run(60);
      const account = checkAccount(rig.store.entries());
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += account[name];
      for (const token of simulation.tokens) assert.ok(account.tokens.has(token), "what executed was begun by the log");
      compareStates(rig, account.state);
      assert.equal(checkState(rig.engine.data), []);
      assertAuditFindsNothing(rig.store.entries());
      checkLiveness(rig);
    } catch (error) {
      throw new Error(`KRON_SEED=${seed}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    rig.crash();
  }
  console.log(`simulation from seed ${firstSeed}: ${JSON.stringify(totals)}`);
});

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
