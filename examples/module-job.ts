/**
 * A timer that executes a module: three times, in a thread, in a thread of its own for each run, and in a process of its
 * own. `node dist/examples/module-job.js`
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kron } from "../src/index.ts";

const dataDir = mkdtempSync(join(tmpdir(), "kron-example-"));
const kron = new Kron({ dataDir });
kron.on("progress", ({ timerId, fraction }) => console.log(`${timerId}: ${Math.round(fraction * 100)} %`));
kron.on("log", ({ timerId, message, fields }) => console.log(`${timerId}: ${message}`, fields));
await kron.start();

const module = new URL("./jobs/report.js", import.meta.url);
for (const isolate of ["thread", "thread-per-run", "process"] as const) {
  const ended = new Promise<void>((resolve) => {
    kron.on("run", ({ type, timerId }) => {
      if (timerId === isolate && type === "RUN_SUCCEEDED") resolve();
    });
  });
  await kron.schedule(isolate, {
    ...{ after: 0, module, export: "report", isolate, payload: { lines: 3_000 } },
    timeout: "1m",
    resourceLimits: { maxOldGenerationSizeMb: 128 },
  });
  await ended;
  const [entry] = await kron.history(isolate);
  console.log(`${isolate}: ${entry?.outcome}`, entry?.result);
}

await kron.shutdown();
rmSync(dataDir, { recursive: true });
