/**
 * Reads and writes damaged LMDB files that the checker accepted, in a process that may be killed by one of them:
 * `node damage-child.js <folder>`, where `job.json` says what belongs in the files. Prints the name of each file
 * before it is touched and `over` at the end; a value that is neither right nor reported ends it with an error.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isKronError } from "../../src/core/errors.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { SnapshotStore } from "../../src/ports.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";
import { valueFor } from "./damage.ts";

const folder = process.argv[2] ?? "";
const contents = JSON.parse(readFileSync(join(folder, "job.json"), "utf8")) as Record<string, [string, number][]>;
for (const name of readdirSync(folder).filter((name) => name.endsWith(".snapshot"))) {
  process.stdout.write(`${name}\n`);
  await tryFile(join(folder, name), new Map(contents[name]));
}
process.stdout.write("over\n");

async function tryFile(path: string, content: Map<string, number>): Promise<void> {
  const store = openLmdbStore(path, { disk: nodeDisk });
  requireContent(store, content);
  for (let round = 1000; round < 1003; round += 1) {
    try {
      await store.write(async (batch) => {
        for (const key of [...content.keys()].filter((_, index) => index % 5 === round % 5)) {
          batch.put(Buffer.from(key), valueFor(key, round));
          content.set(key, round);
        }
        for (const key of [...content.keys()].slice(0, 20)) {
          batch.remove(Buffer.from(key));
          content.delete(key);
        }
      });
    } catch (error) {
      // LMDB may notice and refuse; what it may not do is carry on wrongly.
      if (!isKronError(error, "KRON_SNAPSHOT_FAILED") && !isKronError(error, "KRON_SNAPSHOT_CORRUPT")) throw error;
      break;
    }
    requireContent(store, content);
  }
  await store.close();
}

/** Each key reads back right or is reported, and none is missing or too many. */
function requireContent(store: SnapshotStore, content: Map<string, number>): void {
  for (const [key, round] of content) {
    const value = orCorrupt(() => store.get(Buffer.from(key)) ?? "missing");
    if (value === "corrupt") continue;
    if (value === "missing" || !valueFor(key, round).equals(value)) throw new Error(`Wrong value at ${key}`);
  }
  const seen: string[] = [];
  const whole = orCorrupt(() => {
    store.visit({ from: Buffer.from([0]), to: Buffer.from([255]) }, (key) => {
      seen.push(Buffer.from(key).toString());
      return true;
    });
    return "whole";
  });
  const keys = [...content.keys()].sort();
  const expected = whole === "corrupt" ? keys.slice(0, seen.length) : keys;
  if (expected.join() !== seen.join()) throw new Error(`Wrong keys: ${seen.length} of ${keys.length}`);
}

function orCorrupt<T>(read: () => T): T | "corrupt" {
  try {
    return read();
  } catch (error) {
    if (isKronError(error, "KRON_SNAPSHOT_CORRUPT")) return "corrupt";
    throw error;
  }
}
