/**
 * A runtime for tests to look at from outside: node live-runtime.js <directory>. It says `ready` once a run is
 * under way that never ends, keeps writing, and ends when it is killed or its standard input is closed.
 */

import { Kron } from "../../src/index.ts";
import { silent } from "./command-line.ts";

const [dataDir] = process.argv.slice(2);
const runtime = new Kron({ ...(dataDir !== undefined && { dataDir }), logger: silent });
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
process.stdout.write("ready\n");
