/** One directory and its lives, one after another, until all its runs have come to their end. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Seeded } from "../support/seeded.ts";
import { askDoctor } from "./doctor-check.ts";
import type { Fact } from "./facts.ts";
import { type Life, live } from "./life.ts";
import { drawLife, type LifePlan, settlingLife } from "./life-plan.ts";
import { Recorder } from "./recorder.ts";
import { drawDirectoryPlan } from "./runtime-options.ts";
import { addTo, emptyTally, type Tally } from "./tally.ts";
import { tear } from "./tear.ts";

/** What was found wrong in a directory. */
export interface Failure {
  readonly seed: number;
  /** Which life of the directory, from 1; the last one settles. */
  readonly round: number;
  readonly directory: string;
  readonly problems: readonly string[];
}

/** What came of one directory. */
export interface ChainResult {
  readonly tally: Tally;
  readonly failure: Failure | undefined;
}

const tearChance = 0.6;

/** Lives `rounds` lives in a directory of its own under `root`, checks after each, and settles it in one more. */
export async function runChain(root: string, seed: number, rounds: number, keeps: boolean): Promise<ChainResult> {
  const chain = new Chain(root, seed);
  for (let round = 1; round <= rounds + 1; round++) {
    const problems = await chain.round(round > rounds);
    if (problems.length === 0) continue;
    chain.writeFacts(problems);
    return { tally: chain.tally, failure: { seed, round, directory: chain.home, problems } };
  }
  if (keeps) chain.writeFacts([]);
  else rmSync(chain.home, { recursive: true, force: true });
  return { tally: chain.tally, failure: undefined };
}

class Chain {
  readonly home: string;
  readonly tally = emptyTally();
  readonly #directory: string;
  readonly #random: Seeded;
  readonly #plan: ReturnType<typeof drawDirectoryPlan>;
  readonly #recorder: Recorder;
  /** The last index that a tear found durable. */
  #durable = 0;
  /** Whether something may have been acknowledged and be in the memory of the system only. */
  #mayOweSync = false;
  /** Whether the last process that came as far as to open the directory had a sync that failed. */
  #mayHaveFailedSync = false;
  /** What was told and done, for whoever has to find out why. */
  readonly #story: (
    | Fact
    | { readonly kind: "life"; readonly plan: LifePlan }
    | { readonly kind: "torn"; how: string }
  )[] = [];

  constructor(root: string, seed: number) {
    this.home = join(root, `seed-${seed}`);
    this.#directory = join(this.home, "data");
    mkdirSync(this.home);
    this.#random = new Seeded(seed);
    this.#plan = drawDirectoryPlan(this.#random);
    this.#recorder = new Recorder(this.#plan.historyRows);
  }

  /** One life and the checks after it. */
  async round(settles: boolean): Promise<string[]> {
    const random = this.#random;
    const plan = settles
      ? settlingLife(random, this.#directory, this.#plan)
      : drawLife(random, this.#directory, this.#plan);
    this.#story.push({ kind: "life", plan });
    const life = await live(plan);
    for (const fact of life.facts) {
      this.#story.push(fact);
      this.#recorder.take(fact);
    }
    this.#recorder.endLife();
    this.#tally(life, settles);
    this.#tear(life);
    const problems = [...life.troubles, ...this.#recorder.problems];
    // What the doctor would say of a directory that no process could settle is of no further interest.
    if (problems.length === 0 || !settles) problems.push(...(await this.#askDoctor(life, settles)));
    if (settles && problems.length === 0) {
      this.#recorder.finish();
      problems.push(...this.#recorder.problems);
      this.tally.stretches = this.#recorder.stretches;
    }
    return problems;
  }

  /** Leaves beside the data what there is to know about it. */
  writeFacts(problems: readonly string[]): void {
    writeFileSync(join(this.home, "facts.jsonl"), this.#story.map((fact) => `${JSON.stringify(fact)}\n`).join(""));
    if (problems.length > 0) writeFileSync(join(this.home, "problems.txt"), `${problems.join("\n")}\n`);
  }

  /** Takes unsynced bytes away, unless it may be that something was acknowledged before it was synced and noted. */
  #tear({ facts, wasKilled }: Life): void {
    const has = (test: (fact: Fact) => boolean): boolean => facts.some(test);
    if (has(({ kind }) => kind === "open")) this.#mayOweSync = false;
    this.#mayOweSync ||= has((fact) => fact.kind === "disk" && fact.trouble === "full");
    this.#mayOweSync ||= has((fact) => fact.kind === "options" && !fact.isSyncedFirst);
    if (this.#mayOweSync || !wasKilled || !this.#random.chance(tearChance)) return;
    const torn = tear(this.#directory, this.#random, this.#durable);
    if (torn === undefined) return;
    this.#durable = torn.durable;
    this.#story.push({ kind: "torn", how: torn.how });
    this.tally.tears += 1;
  }

  #askDoctor({ facts }: Life, isSettled: boolean): Promise<string[]> {
    if (facts.some(({ kind }) => kind === "open")) this.#mayHaveFailedSync = false;
    this.#mayHaveFailedSync ||= facts.some((fact) => fact.kind === "disk" && fact.trouble === "sync");
    const expected = {
      mayBeEmpty: !this.#recorder.isFounded,
      mayHaveFailedSync: this.#mayHaveFailedSync,
      isSettled,
    };
    const inProcess = !isSettled && this.#random.chance(0.8);
    return askDoctor(this.#directory, expected, inProcess);
  }

  #tally({ facts, wasKilled }: Life, settles: boolean): void {
    const { runs, facts: factCount, checkpoints } = this.#recorder;
    addTo(this.tally, {
      ...(settles ? {} : { rounds: 1 }),
      kills: wasKilled ? 1 : 0,
      fullDisks: facts.some((fact) => fact.kind === "disk" && fact.trouble === "full") ? 1 : 0,
      failedSyncs: facts.some((fact) => fact.kind === "disk" && fact.trouble === "sync") ? 1 : 0,
    });
    Object.assign(this.tally, { facts: factCount, runs: runs.size, lost: runs.lost, checkpoints });
  }
}
