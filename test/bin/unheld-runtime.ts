/**
 * A runtime that keeps nothing running: node unheld-runtime.js <directory>. It says `ready`, and ends when its standard
 * input does, as nothing else holds the process.
 */

import { Kron } from "../../src/index.ts";
import { silent } from "./command-line.ts";

const [dataDir] = process.argv.slice(2);
const runtime = new Kron({ dataDir, logger: silent, keepAlive: false });
await runtime.schedule("hourly", { every: "1h" }, () => undefined);
await runtime.start();
process.stdin.resume();
process.stdout.write("ready\n");
