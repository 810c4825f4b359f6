/**
 * A process that starts children under a reaper and is then killed by the test:
 *
 *     node reaper-owner.js <phase> <grace ms> <shell text of the child>
 *
 * It prints lines `child <pid>` and `reaper <pid>`, then `ready`. Phases: `watched` waits to be killed; `expected` is
 * killed between the start of the child and the word about it; `early` is killed before the reaper can have read
 * anything; `exit` ends by itself; `released` has given the child up; `closed` closes the reaper and stays.
 */

import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import type { Logger } from "../../src/ports.ts";
import { Reaper } from "../../src/runners/reaper.ts";
import { systemClock, systemRandom } from "../../src/system.ts";

const [phase = "", graceMs = "", text = ""] = process.argv.slice(2);
const silent = (): void => undefined;
const logger: Logger = {
  ...{ debug: silent, info: silent, error: silent },
  warn: (_fields, message) => say(`warned ${message}`),
};
const reaper = new Reaper({ clock: systemClock(), random: systemRandom(), logger, graceMs: Number(graceMs) });

const expected = reaper.expect();
const [name, mark] = expected.variable;
const child = spawn("/bin/sh", ["-c", text], {
  detached: true,
  stdio: ["ignore", "inherit", "ignore"],
  env: { ...process.env, [name]: mark },
});
say(`child ${child.pid}`);
say(`reaper ${reaper.pid}`);

if (phase === "expected") process.kill(process.pid, "SIGKILL");
const release = expected.watch(child.pid ?? 0);
if (phase === "early") process.kill(process.pid, "SIGKILL");
if (phase === "exit") process.exit(0);
if (phase === "released") release();
if (phase === "closed") reaper.close();
say("ready");
// Until it is killed; the reaper alone must not keep it.
setInterval(() => say(`reaper ${reaper.pid}`), 20);

/** At once, as it may be killed in the next line. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
