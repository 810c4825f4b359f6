/**
 * 300 rounds of torture, as `npm run torture` runs them (CONTRIBUTING.md says how to repeat one that failed).
 * `KRON_SEED=n` repeats a seed here too.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { seedFromEnvironment } from "../support/seeded.ts";
import { suite } from "../support/suite.ts";
import { failureText, torture } from "./rounds.ts";
import { tallyText } from "./tally.ts";

const test = suite("torture", 500_000);
const rounds = 300;
const seed = seedFromEnvironment();

test(`nothing acknowledged is lost, doubled or left without an outcome in ${rounds} rounds`, async () => {
  console.log(`KRON_SEED=${seed}`);
  const root = mkdtempSync(join(tmpdir(), "kron-torture-"));
  const { tally, failures } = await torture({
    ...{ rounds, seed, root, jobs: 3, keeps: false },
    onProgress: () => undefined,
  });
  console.log(tallyText(tally));
  assert.equal(failures.map(failureText), []);
  assert.is(tally.rounds, rounds);
  for (const name of ["tears", "fullDisks", "checkpoints", "lost", "stretches"] as const) {
    assert.ok(tally[name] > 0, `there were ${name}`);
  }
  assert.ok(tally.runs > rounds, "the workload did its work");
  rmSync(root, { recursive: true, force: true });
});

test.run();
