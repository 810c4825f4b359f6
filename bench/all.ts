/** All benches one after another, as they stand in RESULTS.md: `npm run bench`. Takes some twenty minutes. */

import { spawnSync } from "node:child_process";
import { arch, cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const benches = [
  "journal",
  "runs",
  "schedule",
  "pool",
  "due",
  "idle",
  "memory",
  "snapshot",
  "history",
  "disk",
  "ipc",
  "tui",
  "cron",
  "due-queue",
  "options",
];

const model = cpus()[0]?.model ?? "unknown processor";
const memoryGb = Math.round(totalmem() / 2 ** 30);
console.log(`${cpus().length} × ${model}, ${memoryGb} GB, Linux ${release()} ${arch()}, Node ${process.version}`);
for (const name of benches) {
  console.log(`\n## bench/${name}.ts`);
  const path = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const { status } = spawnSync(process.execPath, [path], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
