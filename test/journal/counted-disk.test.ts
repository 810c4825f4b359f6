import * as assert from "uvu/assert";
import { bytesToRead, countedDisk } from "../../src/journal/counted-disk.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { directory } from "./harness.ts";
import { baseAt, longDisk, sealedFirsts } from "./long-journal.ts";

const test = suite("counted disk");

function counting() {
  let bytes = 0;
  const add = (count: number, unit: string): void => {
    assert.is(unit, "bytes");
    bytes += count;
  };
  return { progress: { begin: () => undefined, add }, counted: () => bytes };
}

test("all bytes of a reading are told, and there are about as many as was foreseen", async () => {
  const disk = await longDisk(40);
  for (const index of [0, Number(sealedFirsts(disk).at(-1)), 39, 40]) {
    const { progress, counted } = counting();
    const foreseen = bytesToRead(directory, disk, index + 1);
    readJournal(directory, countedDisk(disk, progress), () => undefined, index === 0 ? {} : { base: baseAt(index) });
    // A few pages are looked at before, to see what is there.
    assert.ok(counted() >= foreseen, `${counted()} of ${foreseen}`);
    assert.ok(counted() < foreseen + 64 * 1024, `${counted()} of ${foreseen}`);
  }
});

test("where nothing is there is nothing to read", () => {
  const disk = new SimDisk();
  disk.makeDirectory(directory);
  assert.is(bytesToRead(directory, disk, 1), 0);
  assert.is(Reflect.get(countedDisk(disk, counting().progress), "somethingElse"), undefined);
});

test.run();
