/** The same as lmdb-damage.test.ts with many more files. `KRON_SEED` begins elsewhere. */

import { equal } from "node:assert/strict";
import { suite } from "../support/suite.ts";
import { tryDamage } from "./damage-trial.ts";

const test = suite("lmdb damage at length", 240_000);
const firstSeed = Number(process.env.KRON_SEED ?? 100);

test("what the checker accepts neither kills LMDB nor reads back wrong, over many files", async () => {
  const sums = { refused: 0, accepted: 0 };
  for (let seed = firstSeed; seed < firstSeed + 5; seed += 1) {
    const { refused, accepted, trouble } = await tryDamage(seed, 1000, 40);
    sums.refused += refused;
    sums.accepted += accepted;
    equal(trouble, undefined, `seed ${seed}`);
  }
  process.stdout.write(`${sums.refused} refused, ${sums.accepted} accepted, from seed ${firstSeed} on\n`);
});

test.run();
