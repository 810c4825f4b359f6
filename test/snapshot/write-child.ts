/**
 * Writes one LMDB store again and again: `node write-child.js <path> <how it ends>`. Round n sets all of `k0` to
 * `k299` to n, and removes and adds some others; each acknowledged round is printed. Ends by being killed, or:
 *
 *     exit       process.exit() while a write is under way
 *     throw      an error that nobody catches, likewise
 */

import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";

const [path = "", ending = "", afterMs = "0"] = process.argv.slice(2);
const store = openLmdbStore(path, { disk: nodeDisk });
let round = Number(
  Buffer.from(store.get(Buffer.from("k0")) ?? "0")
    .toString()
    .slice(0, 8),
);

if (ending === "exit") setTimeout(() => process.exit(7), Number(afterMs));
if (ending === "throw") {
  setTimeout(() => {
    throw new Error("nobody catches this");
  }, Number(afterMs));
}

for (;;) {
  round += 1;
  const value = Buffer.alloc(3000, `${String(round).padStart(8, "0")}.`);
  await store.write(async (batch) => {
    for (let key = 0; key < 300; key += 1) {
      batch.put(Buffer.from(`k${key}`), value);
      if (key % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    batch.put(Buffer.from(`x${round % 7}`), value);
    batch.remove(Buffer.from(`x${(round + 3) % 7}`));
  });
  process.stdout.write(`${round}\n`);
}
