/**
 * A runtime at full speed for backups to be made beside: node busy-runtime.js <directory> <lmdb|file>. Checkpoints and
 * segments are small, so that journal and snapshot change all the time. It schedules `n-1`, `n-2`, … and tells now
 * and then the number of the last that is durable; `busy` keeps all of its history.
 */

import { writeSync } from "node:fs";
import { Kron } from "../../src/index.ts";
import { silent } from "./command-line.ts";

const [dataDir = "", snapshot = "auto"] = process.argv.slice(2);
const timersMax = 5_000;
const runtime = new Kron({
  ...{ dataDir, logger: silent, segmentBytes: 65_536 },
  checkpoint: { records: 500, bytes: 65_536 },
  snapshot: snapshot === "lmdb" ? "lmdb" : "file",
});
process.stdin.on("end", () => process.exit(0)).resume();
await runtime.schedule(
  "busy",
  { every: "10ms", overlap: "allow", concurrency: 4, history: { count: 1_000_000, age: "1d" } },
  () => "x".repeat(500),
);
await runtime.schedule("endless", { after: "1ms" }, () => new Promise(() => undefined));
await runtime.start();
for (let n = 1; ; n++) {
  const id = `n-${((n - 1) % timersMax) + 1}`;
  await runtime.schedule(id, { every: "1h", payload: { n, text: "y".repeat(n % 500) } }, () => undefined);
  // Seldom enough for what is not read yet to fit into the pipe.
  if (n % 50 === 0) writeSync(1, `${Math.min(n, timersMax)}\n`);
}
