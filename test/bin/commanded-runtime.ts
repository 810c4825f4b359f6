/**
 * A runtime for tests to command: node commanded-runtime.js <directory> [<count of further timers>]. It says `ready`,
 * then a line for what it is told, and ends by itself once it has been shut down, or when its standard input is closed.
 */

import { Kron } from "../../src/index.ts";
import { silent } from "./command-line.ts";

const [dataDir, count = "0"] = process.argv.slice(2);
const runtime = new Kron({ dataDir, logger: silent });
let flakes = 0;

await runtime.schedule("quick", { every: "1h", payload: { own: true } }, ({ payload }) => ({ payload }));
await runtime.schedule("endless", { every: "1h", grace: "20s", overlap: "queue" }, ({ signal }) => {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
});
await runtime.schedule("flaky", { every: "1h", retry: { maxAttempts: 2, base: "1h", jitter: false } }, () => {
  flakes += 1;
  if (flakes === 1) throw new Error("boom");
  return flakes;
});
await runtime.schedule("ticker", { every: "20ms", overlap: "skip", history: { count: 5 } }, () => undefined);
await runtime.start();
const more = Array.from({ length: Number(count) }, (_, i) => {
  return runtime.schedule(`t-${String(i).padStart(6, "0")}`, { every: "5h", payload: { i } }, () => undefined);
});
await Promise.all(more);
runtime.on("shutdown", ({ timeoutMs }) => {
  process.stdout.write(`shutdown ${timeoutMs}\n`);
  // Nothing else holds the process: it ends when the runtime has.
  process.stdin.destroy();
});
process.on("exit", (code) => process.stdout.write(`exit ${code} ${runtime.state}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.write("ready\n");
