/**
 * The fuzzer of sessions: `npm run fuzz -- [--seconds N] [--seed N]`, 10 seconds with a fresh seed unless told otherwise.
 * Prints the seed first; every round has a seed of its own that follows from it, and a failure names it.
 */

import { parseArgs } from "node:util";
import { Seeded, seedFromEnvironment } from "../support/seeded.ts";
import { fuzzRound } from "./ipc-fuzz.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "10" }, seed: { type: "string" }, round: { type: "string" } },
});
const seed = values.seed === undefined ? seedFromEnvironment() : Number(values.seed);
const endMs = performance.now() + Number(values.seconds) * 1_000;
console.log(`seed ${seed}`);

const endings = new Map<string, number>();
let round = values.round === undefined ? 0 : Number(values.round);
try {
  for (; performance.now() < endMs; round += 1) {
    const ending = await fuzzRound(new Seeded(seed + round));
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
    if (values.round !== undefined) break;
  }
  for (const [ending, count] of [...endings].sort()) console.log(`${String(count).padStart(9)}  ${ending}`);
  console.log(`${round} rounds, nothing found`);
} catch (error) {
  console.log(`Round ${round} failed; again with: npm run fuzz -- --seed ${seed} --round ${round}`);
  console.log(error instanceof Error ? error.stack : error);
  process.exitCode = 1;
}
