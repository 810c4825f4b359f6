/**
 * Runs one block of code of a page in this process, as `node run-code.js <file> [untriggered timer …]` in the page's
 * directory: imports it, starts the runtimes that it made and did not start, triggers each timer that it scheduled and
 * that runs in Node.js, waits for the run to succeed, and shuts down what is open.
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Kron, type RunEvent } from "../../src/index.ts";

const [file = "", ...untriggered] = process.argv.slice(2);
const endTypes: ReadonlySet<string> = new Set(["RUN_SUCCEEDED", "RUN_FAILED", "RUN_TIMED_OUT", "RUN_CANCELLED"]);
const timersOf = new Map<Kron, Set<string>>();

const { schedule, start } = Kron.prototype;
Kron.prototype.schedule = function (this: Kron, id, ...rest) {
  timersOf.set(this, (timersOf.get(this) ?? new Set()).add(id));
  return schedule.call(
    this,
    id,
    ...(rest as Parameters<typeof schedule> extends [string, ...infer Rest] ? Rest : never),
  );
};
Kron.prototype.start = function (this: Kron, ...rest) {
  timersOf.set(this, timersOf.get(this) ?? new Set());
  return start.call(this, ...rest);
};

await import(pathToFileURL(resolve(file)).href);
for (const [kron, timers] of timersOf) {
  if (kron.state === "new") await kron.start();
  if (kron.state === "running") await runEach(kron, timers);
  await kron.shutdown();
}
// A page's own servers and the like need not be closed for it.
process.exit();

async function runEach(kron: Kron, timers: ReadonlySet<string>): Promise<void> {
  const ends = new Map<string, RunEvent>();
  let notice: () => void = () => undefined;
  kron.on("run", (event) => {
    if (!endTypes.has(event.type)) return;
    ends.set(event.runId, event);
    notice();
  });
  for (const id of timers) {
    const timer = await kron.status(id);
    const kind = timer?.definition.target.kind;
    const canRun = timer !== undefined && ["scheduled", "waiting", "running", "retrying"].includes(timer.state);
    if (!canRun || (kind !== "callback" && kind !== "module") || untriggered.includes(id)) continue;
    const { runId } = await kron.trigger(id);
    while (!ends.has(runId)) {
      await new Promise<void>((wake) => {
        notice = wake;
      });
    }
    const end = ends.get(runId);
    if (end?.type !== "RUN_SUCCEEDED") throw new Error(`A run of ${id} ended with ${end?.type}`, { cause: end?.error });
  }
}
