/** `node lmdb-probe-process.js <path>`: lets LMDB write to the empty file at <path> and prints what came of it. */

import { runProbe } from "./lmdb-probe.ts";

process.stdout.write(`${JSON.stringify(await runProbe(process.argv[2] ?? ""))}\n`);
