/** A damaged LMDB file is refused, or reads back right, or is reported value by value; it never ends the process. */

import { equal, ok } from "node:assert/strict";
import { suite } from "../support/suite.ts";
import { tryDamage } from "./damage-trial.ts";

const test = suite("lmdb damage");

test("what the checker accepts neither kills LMDB nor reads back wrong", async () => {
  for (const seed of [1, 2]) {
    const { refused, accepted, trouble } = await tryDamage(seed, 300, 12);
    equal(trouble, undefined, `seed ${seed}`);
    ok(refused > 0 && accepted > 0, `${refused} refused, ${accepted} accepted`);
  }
});

test.run();
