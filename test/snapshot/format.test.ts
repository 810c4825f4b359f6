/** The example of docs/snapshot-format.md is what today's code writes, byte for byte, and reads. */

import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { defaultRetention } from "../../src/core/retention.ts";
import { writeCheckpoint } from "../../src/snapshot/checkpoint.ts";
import { MemorySnapshots } from "../support/memory-snapshots.ts";
import { definitionOf, StateLab } from "../support/state-lab.ts";
import { suite } from "../support/suite.ts";

const test = suite("snapshot-format");

/** The values of the example by their keys, all as hexadecimal digits. */
function exampleValues(): Map<string, string> {
  const text = readFileSync("docs/snapshot-format.md", "utf8");
  const lines = text.slice(text.indexOf("### Example of a page and a chunk")).split("\n");
  const values = new Map<string, string>();
  let key = "";
  for (const line of lines.filter((one) => /^[0-9a-f]{2}/.test(one))) {
    const hex = line.split(/ {2,}/)[0]?.replaceAll(" ", "") ?? "";
    if (/^(20|40)00/.test(hex)) key = hex;
    else values.set(key, (values.get(key) ?? "") + hex);
  }
  return values;
}

test("the page and the chunk of the document are what is written", async () => {
  const lab = new StateLab();
  lab.atMs = 1_000_000;
  lab.create("report", definitionOf(), 1_001_000, { to: "a" });
  lab.atMs = 1_001_000;
  const run = lab.due(lab.reference("report"), 1_001_000, 1_002_000);
  lab.atMs = 1_001_020;
  lab.succeed(run);
  const store = new MemorySnapshots();
  const clock = { nowMs: () => 1_001_050, monotonicMs: () => 0, wakeAfter: () => () => undefined };
  await writeCheckpoint(
    {
      ...{ state: lab.state, store, clock, uuid: new Uint8Array(16), retention: defaultRetention },
      synced: async () => undefined,
    },
    { serial: 0, historyBytes: 0, sweepFrom: undefined },
  );
  const values = exampleValues();
  assert.is(values.size, 2);
  for (const [key, hex] of values) {
    assert.is(Buffer.from(store.values.get(key) ?? []).toString("hex"), hex, key);
  }
});

test.run();
