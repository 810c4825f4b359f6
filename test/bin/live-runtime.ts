/**
 * A runtime for tests to look at from outside: node live-runtime.js <directory> [checkpoints]. It says `ready` once a
 * run is under way that never ends, keeps writing, and ends when it is killed or its standard input is closed. With
 * `checkpoints` it writes one after another and drops segments all the time.
 */

import { Kron } from "../../src/index.ts";
import { silent } from "./command-line.ts";

const [dataDir, how] = process.argv.slice(2);
const often = { checkpoint: { records: 50, bytes: 65_536 }, segmentBytes: 65_536 };
const runtime = new Kron({
  ...{ dataDir, logger: silent },
  ...(how === "checkpoints" && often),
});
await runtime.schedule("busy", { every: "10ms", overlap: "allow", concurrency: 4 }, () => "x".repeat(2_000));
const started = new Promise<void>((resolve) => {
  void runtime.schedule("endless", { after: "1ms" }, () => {
    resolve();
    return new Promise(() => undefined);
  });
});
await runtime.start();
await started;
process.stdin.on("end", () => process.exit(0)).resume();
if (how === "checkpoints") {
  const payload = "p".repeat(1_000);
  const keepTriggering = (): void => {
    const runs = Array.from({ length: 20 }, () => runtime.trigger("busy", { payload }).catch(() => undefined));
    void Promise.all(runs).then(() => setImmediate(keepTriggering));
  };
  keepTriggering();
}
process.stdout.write("ready\n");
