/** Many rounds, in several directories at a time. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Seeded } from "../support/seeded.ts";
import { type Failure, runChain } from "./chain.ts";
import { addTo, emptyTally, type Tally } from "./tally.ts";

/** How a torture is run. */
export interface TortureOptions {
  readonly rounds: number;
  /** The first directory has this seed, the next one more, and so on: any of them can be repeated alone. */
  readonly seed: number;
  /** Directories at a time. */
  readonly jobs: number;
  /** Where the directories are made. */
  readonly root: string;
  /** Keep the directories in which nothing was found wrong, too. */
  readonly keeps: boolean;
  /** Called when a directory is done. */
  readonly onProgress: (sum: Tally) => void;
}

/** What came of it. */
export interface TortureResult {
  readonly tally: Tally;
  readonly failures: readonly Failure[];
}

/** Rounds that one directory lives through, besides the one that settles it. */
const chainRoundsMin = 8;
const chainRoundsMax = 25;

/** Runs the rounds; no further directory is begun once something was found wrong. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { seed, jobs, root, keeps, onProgress } = options;
  mkdirSync(root, { recursive: true });
  const tally = emptyTally();
  const failures: Failure[] = [];
  let left = options.rounds;
  let next = seed;
  const work = async (): Promise<void> => {
    while (left > 0 && failures.length === 0) {
      const chainSeed = next;
      const rounds = Math.min(left, roundsOf(chainSeed));
      next += 1;
      left -= rounds;
      const result = await runChain(root, chainSeed, rounds, keeps);
      addTo(tally, result.tally);
      if (result.failure !== undefined) failures.push(result.failure);
      onProgress(tally);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return { tally, failures };
}

/** What was found wrong, and how to look again. */
export function failureText({ seed, round, directory, problems }: Failure): string {
  const listed = problems.slice(0, 20).map((problem) => `  ${problem}`);
  const more = problems.length > listed.length ? [`  … and ${problems.length - listed.length} more`] : [];
  return [
    `Round ${round} of the directory of seed ${seed}:`,
    ...listed,
    ...more,
    `The files, and the facts in order: ${join(directory, "facts.jsonl")}`,
    `Again: npm run torture -- --seed ${seed} --rounds ${roundsOf(seed)}`,
  ].join("\n");
}

/** Drawn from the seed apart from all else, so that a directory is the same whatever came before it. */
function roundsOf(seed: number): number {
  return new Seeded(seed ^ 0x5eed).int(chainRoundsMin, chainRoundsMax);
}
