/**
 * The tour: a cron, an every and an after timer, and one that fails and is retried. `npm start`
 *
 * Runs are printed as they happen. Ctrl-C drains; started again, it carries on where it stopped, and after a
 * `kill -9` it tells what it found. The data is in `.kron/` (or `KRON_HOME`); look at it with `npx kron job list`.
 */

import { isKronError, Kron, type RunEvent } from "../src/index.ts";

const kron = new Kron();

kron.on("run", (event) => {
  const line = describeRun(event);
  if (line !== undefined) print(event.timerId, line);
});
kron.on("missed", ({ timerId, count, reason }) => print(timerId, `${count} occurrence(s) did not run: ${reason}`));
kron.on("timer", ({ timerId, type }) => print(timerId, type));
kron.on("clock", ({ deltaMs }) => print("clock", `moved by ${deltaMs} ms`));
kron.on("error", (error) => print("runtime", `${error.code}: ${error.message}`));

await kron.schedule("every-2s", { every: "2s" }, () => "done");

await kron.schedule("cron-5s", { cron: "*/5 * * * * *", timezone: "Europe/Rome" }, async ({ log, signal }) => {
  log.debug("half a second of work");
  await sleep(500, signal);
});

await kron.schedule("after-4s", { after: "4s", payload: { to: "ada@example.org" } }, ({ payload }) => {
  return `one invitation to ${payload.to}`;
});

await kron.schedule(
  "flaky-10s",
  { every: "10s", retry: { maxAttempts: 3, backoff: "fixed", base: "1s" } },
  ({ attempt }) => {
    if (attempt < 3) throw new Error(`attempt ${attempt} failed, as planned`);
    return "third time lucky";
  },
);

try {
  await kron.start();
} catch (error) {
  if (!isKronError(error)) throw error;
  console.error(`kron: ${error.message}${error.hint === undefined ? "" : `\n      ${error.hint}`}`);
  process.exit(1);
}

const { dataDir, timers } = await kron.runtime();
print("runtime", `${timers} timers in ${dataDir}; Ctrl-C to stop`);
for (const timer of await kron.list()) print(timer.id, `${timer.state}, ${timer.succeededCount} runs so far`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop(signal));

async function stop(signal: string): Promise<void> {
  print("runtime", `${signal}: waiting for the runs under way`);
  await kron.shutdown({ timeoutMs: 5_000 });
  print("runtime", "stopped; start again to carry on");
}

function describeRun(event: RunEvent): string | undefined {
  const { type, runId, attempt, durationMs, result, error, retryAtMs, atMs, missedCount } = event;
  switch (type) {
    case "RUN_STARTED":
      return `${runId} attempt ${attempt}${missedCount > 0 ? `, making up for ${missedCount} missed` : ""}`;
    case "RUN_SUCCEEDED":
      return `${runId} succeeded in ${durationMs?.toFixed(1)} ms${result === undefined ? "" : `: ${JSON.stringify(result)}`}`;
    case "RUN_RETRYING":
      return `${runId} will be tried again in ${(retryAtMs ?? atMs) - atMs} ms`;
    case "RUN_DUE":
      return undefined;
    default:
      return `${runId} ${type}${error === undefined ? "" : `: ${error.message}`}`;
  }
}

function print(subject: string, text: string): void {
  console.log(`${new Date().toISOString().slice(11, 23)}  ${subject.padEnd(10)}  ${text}`);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
