/**
 * A runtime with a command that runs until it is killed: node command-owner.js <directory> <file>. The command writes
 * its process id to the file; what it started there is in the group too.
 */

import { Kron } from "../../src/index.ts";
import { quiet } from "../support/runtimes.ts";

const [dataDir, file = ""] = process.argv.slice(2);
const kron = new Kron({ dataDir, logger: quiet });
await kron.start();
// A second attempt, in the next runtime, ends at once.
const text = `[ "$KRON_ATTEMPT" = 1 ] || exit 0; trap '' TERM; echo working; sleep 300 & echo "$$ $!" > "${file}"; wait`;
await kron.schedule("t", { after: 0, command: text, shell: true, retry: { base: 1 } });
