/**
 * Every byte flipped, every sector zeroed or filled with ones, every cut, every file missing: whatever
 * happens to a journal that was complete, a start either gives back every acknowledged entry or refuses.
 */

import { equal, is, ok } from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { SimDisk, simSectorBytes } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { commit, directory, entryOf, numbersOf, open } from "./harness.ts";

const test = suite("journal damage", 100_000);

/** A killed process's disk: three segments, 20 entries in batches of one, two and three. */
async function makeJournal(): Promise<{ disk: SimDisk; numbers: number[] }> {
  const disk = new SimDisk();
  const opened = open(disk, { limits: { segmentBytesMin: 4096, segmentBytesMax: 4096, segmentBytesLeast: 1024 } });
  const numbers: number[] = [];
  let next = 1;
  for (let round = 0; round < 10; round += 1) {
    const batch = Array.from({ length: 1 + (round % 3) }, () => next++);
    await commit(opened, ...batch.map((number) => entryOf(number, number === 5 ? 2500 : 20 * (number % 4))));
    numbers.push(...batch);
  }
  return { disk: disk.copy(), numbers };
}

/** Opens a damaged copy. What it replayed, or the code it was refused with. */
function tryOpen(disk: SimDisk): { code: string | undefined; numbers: unknown[] } {
  try {
    const opened = open(disk);
    return { code: undefined, numbers: numbersOf(opened.replayed) };
  } catch (error) {
    if (!isKronError(error)) throw error;
    is(disk.openCount, 0, "a refused start gives its files back");
    return { code: error.code, numbers: [] };
  }
}

const refusals = ["KRON_JOURNAL_CORRUPT", "KRON_JOURNAL_VERSION"];
const files = (disk: SimDisk): string[] => disk.paths().filter((path) => !path.endsWith(".next"));

/** Applies `change` to a copy of `path`'s bytes and checks what a start makes of it; true when it was refused. */
function check(
  disk: SimDisk,
  path: string,
  numbers: number[],
  what: string,
  change: (bytes: Buffer) => Buffer,
): boolean {
  const damaged = disk.copy();
  const before = disk.contents(path);
  damaged.put(path, change(Buffer.from(before)));
  const { code, numbers: found } = tryOpen(damaged);
  if (code !== undefined) {
    ok(refusals.includes(code), `${what}: ${code}`);
    return true;
  }
  equal(found, numbers, what);
  return false;
}

test("open() finds all entries of an undamaged journal", async () => {
  const { disk, numbers } = await makeJournal();
  is(files(disk).length, 4, files(disk).join());
  equal(tryOpen(disk.copy()), { code: undefined, numbers });
});

for (const flip of [0x01, 0x80, 0xff]) {
  test(`open() loses nothing silently with any byte changed by ${flip}`, async () => {
    const { disk, numbers } = await makeJournal();
    let refused = 0;
    for (const path of files(disk)) {
      const { length } = disk.contents(path);
      for (let at = 0; at < length; at += 1) {
        const was = check(disk, path, numbers, `${path}:${at}`, (bytes) => {
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          return bytes;
        });
        if (was) refused += 1;
      }
    }
    // Frames are most of what was written; flips in zeros and padding must not be refused, flips in frames must.
    ok(refused > 20 * 40, `${refused} refused`);
  });
}

for (const fill of [0x00, 0xff]) {
  test(`open() loses nothing silently with any sector filled with ${fill}`, async () => {
    const { disk, numbers } = await makeJournal();
    for (const path of files(disk)) {
      const { length } = disk.contents(path);
      for (let at = 0; at < length; at += simSectorBytes) {
        check(disk, path, numbers, `${path}:${at}`, (bytes) => bytes.fill(fill, at, at + simSectorBytes));
      }
    }
  });
}

test("open() loses nothing silently with any file cut anywhere", async () => {
  const { disk, numbers } = await makeJournal();
  for (const path of files(disk)) {
    const { length } = disk.contents(path);
    for (let at = 0; at < length; at += 1)
      check(disk, path, numbers, `${path} cut at ${at}`, (bytes) => bytes.subarray(0, at));
  }
});

test("open() refuses any segment missing, and makes a missing sidecar anew", async () => {
  const { disk, numbers } = await makeJournal();
  for (const path of files(disk)) {
    const damaged = disk.copy();
    damaged.drop(path);
    const { code, numbers: found } = tryOpen(damaged);
    if (path === `${directory}/kron.sync`) equal(found, numbers);
    else is(code, "KRON_JOURNAL_CORRUPT", path);
  }
});

test("open() refuses segments that were swapped, copied over each other or brought from another journal", async () => {
  const { disk } = await makeJournal();
  const other = new SimDisk();
  const opened = open(other, { random: { bytes: (count) => new Uint8Array(count).fill(7) } });
  for (let number = 1; number < 40; number += 1) await commit(opened, entryOf(number, 20 * (number % 4)));
  const segments = files(disk).filter((path) => path.includes(".aof"));
  for (const one of segments) {
    for (const source of [disk, other]) {
      for (const from of segments) {
        if ((source === disk && from === one) || !source.exists(from)) continue;
        const damaged = disk.copy();
        damaged.put(one, source.contents(from));
        is(tryOpen(damaged).code, "KRON_JOURNAL_CORRUPT", `${from} over ${one}`);
      }
    }
  }
  const damaged = disk.copy();
  damaged.put(`${directory}/kron.sync`, other.contents(`${directory}/kron.sync`));
  is(tryOpen(damaged).code, "KRON_JOURNAL_CORRUPT", "sidecar");
});

test("the error of a damaged journal says where, which entries, and what to do", async () => {
  const { disk, numbers } = await makeJournal();
  const sealed = files(disk).filter((path) => /[0-9a-f]{16}$/.test(path))[0] ?? "";
  const damaged = disk.copy();
  damaged.put(sealed, disk.contents(sealed).fill(0xff, 1024, 1025));
  try {
    open(damaged);
    ok(false, "it was opened");
  } catch (error) {
    ok(isKronError(error, "KRON_JOURNAL_CORRUPT"));
    if (!isKronError(error)) return;
    ok(error.hint?.includes("kron log repair --accept-loss"));
    const { segment, offset, firstIndex, lastIndex } = error.details as Record<string, unknown>;
    is(segment, "kron.aof.0000000000000001");
    is(offset, 1024);
    is(firstIndex, 2);
    ok(Number(lastIndex) >= 2 && Number(lastIndex) < numbers.length);
  }
});

test.run();
