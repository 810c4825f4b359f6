/** A short run of the fuzzer, always the same one; `npm run fuzz` looks further. */

import { ok } from "uvu/assert";
import { Seeded } from "../support/seeded.ts";
import { suite } from "../support/suite.ts";
import { fuzzRound } from "./ipc-fuzz.ts";

const test = suite("fuzz", 100_000);

test("spoilt transcripts never get more than a typed error out of a session", async () => {
  const endings = new Set<string>();
  for (let round = 0; round < 2_500; round += 1) endings.add(await fuzzRound(new Seeded(20_261_125 + round)));
  for (const ending of [
    "server: goes on",
    "client: goes on",
    "server: KRON_IPC_PROTOCOL",
    "client: KRON_IPC_PROTOCOL",
  ]) {
    ok(endings.has(ending), `${ending} was among ${[...endings].join(", ")}`);
  }
  ok(endings.size > 6, [...endings].join(", "));
});

test.run();
