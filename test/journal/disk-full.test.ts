/** A full disk: what is told, and how often the disk is asked. */

import { equal, is } from "uvu/assert";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, open, turns } from "./harness.ts";

const test = suite("journal disk full");

test("preparing the next segment on a full disk is tried once a second and told once, not with every batch", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  let tries = 0;
  disk.failIf = (call, path) => {
    if (call !== "write" || !path.endsWith(".next")) return undefined;
    tries += 1;
    return "ENOSPC";
  };
  const failures = (): number => opened.notices.filter(({ kind }) => kind === "next-segment-failed").length;
  for (let number = 1; number <= 4; number++) await commit(opened, entryOf(number, 300));
  equal([tries, failures()], [1, 1]);
  opened.clock.advance(1_000);
  await commit(opened, entryOf(6));
  equal([tries, failures()], [2, 1]);
});

test("a disk that stays full is told once, and again when it is full after it had space", async () => {
  const disk = new SimDisk();
  const opened = open(disk);
  const refusals = (): number => opened.notices.filter(({ kind }) => kind === "write-refused").length;
  const refuse = async (number: number): Promise<void> => {
    opened.clock.advance(100);
    opened.journal.propose(entryOf(number));
    await turns();
  };
  disk.failIf = (call, path) => (call === "write" && path === `${directory}/kron.aof` ? "ENOSPC" : undefined);
  await refuse(1);
  await refuse(2);
  equal([opened.sink.refusedEntries.length, refusals()], [2, 1]);
  disk.failIf = undefined;
  opened.clock.advance(100);
  await commit(opened, entryOf(3));
  disk.failIf = (call, path) => (call === "write" && path === `${directory}/kron.aof` ? "ENOSPC" : undefined);
  await refuse(4);
  is(refusals(), 2);
});

test.run();
