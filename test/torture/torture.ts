/**
 * Kills a runtime at random instants, again and again, and compares what was acknowledged with what is there:
 *
 *     npm run torture -- [--rounds N] [--seed N] [--jobs N] [--keep]
 *
 * The seed is printed first. It repeats what is asked of the runtime, of the disk and of the kill; when things
 * happen is the machine's affair, so that a failure may need several tries to come again.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { failureText, torture } from "./rounds.ts";
import { tallyText } from "./tally.ts";

const progressMs = 10_000;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "300" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 30)) },
    jobs: { type: "string", default: "3" },
    keep: { type: "boolean", default: false },
  },
});
const [rounds, seed, jobs] = [Number(values.rounds), Number(values.seed), Number(values.jobs)];
if (![rounds, jobs].every((count) => Number.isSafeInteger(count) && count > 0) || !Number.isSafeInteger(seed)) {
  throw new Error("Expected whole numbers for --rounds, --seed and --jobs");
}

console.log(`seed ${seed}, ${rounds} rounds, ${jobs} directories at a time`);
const root = mkdtempSync(join(tmpdir(), "kron-torture-"));
const startedMs = performance.now();
let shownMs = startedMs;
const { tally, failures } = await torture({
  ...{ rounds, seed, jobs, root, keeps: values.keep },
  onProgress: (sum) => {
    if (performance.now() - shownMs < progressMs) return;
    shownMs = performance.now();
    console.log(`${seconds()} s: ${tallyText(sum)}`);
  },
});
for (const failure of failures) console.log(`\n${failureText(failure)}`);
console.log(`\n${tallyText(tally)}, in ${seconds()} s: ${failures.length === 0 ? "nothing found wrong" : "FAILED"}`);
if (failures.length > 0) process.exitCode = 1;
else if (values.keep) console.log(`kept in ${root}`);
else rmSync(root, { recursive: true, force: true });

function seconds(): number {
  return Math.round((performance.now() - startedMs) / 1_000);
}
