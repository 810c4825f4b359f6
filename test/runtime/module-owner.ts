/** A process that runs an endless module in a host, to be killed. `module-owner.js <data directory> <base directory>` */

import { Kron } from "../../src/index.ts";

const [dataDir = "", baseDir = ""] = process.argv.slice(2);
const kron = new Kron({ dataDir, baseDir });
await kron.start();
await kron.schedule("t", {
  after: 0,
  module: "stays.mjs",
  isolate: "process",
  retry: { maxAttempts: 2, base: 1 },
});
