/**
 * The app of the tests of supervision: node app.js <way> [file]. It prints what it does, one line each; `job` does what
 * its payload says, and appends a line for each attempt to `file`, so that what really ran can be counted.
 */

import { appendFileSync, readFileSync } from "node:fs";
import { kron, type RunContext } from "../../src/index.ts";

const [way = "plain", file = ""] = process.argv.slice(2);
const generation = file === "" ? "" : readOr(`${file}.generation`, "1");

print(`app ${process.pid} generation ${generation} supervised ${process.env.KRON_SUPERVISED === undefined}`);
if (way === "crash" || generation === "crash") process.exit(3);
if (way === "end") process.exit(0);
if (way === "never" || generation === "never") setInterval(() => undefined, 1_000);
else if (way === "send") {
  process.send?.("ready");
  setInterval(() => undefined, 1_000);
} else await main();

async function main(): Promise<void> {
  if (way === "stubborn") process.on("SIGTERM", () => print("no"));
  if (way === "drain") process.once("SIGTERM", () => void kron.shutdown().then(() => print("drained")));
  const retry = { maxAttempts: 5, backoff: "fixed", base: "10ms" } as const;
  await kron.schedule("job", { every: "1h", overlap: "allow", retry, timeout: "60s", grace: "200ms" }, job);
  await kron.schedule("short", { every: "1h", overlap: "allow", retry: false, timeout: "300ms", grace: "200ms" }, job);
  if (way === "busy") {
    const busy = { every: "20ms", overlap: "allow", misfire: "all", retry, history: { count: 100_000 } } as const;
    await kron.schedule("busy", busy, (context) => {
      note("busy", context);
      return new Promise<void>((resolve) => setTimeout(resolve, 30));
    });
  }
  if (way === "due")
    await kron.schedule("due", { every: "500ms", overlap: "skip", retry }, (context) => note("due", context));
  await kron.start();
  print("started");
}

async function job(context: RunContext): Promise<unknown> {
  const { payload, attempt, signal } = context;
  const { what = "nothing" } = (payload ?? {}) as { what?: string };
  note(what, context);
  // The first attempt does what it says; those after it show that somebody tries again.
  if (attempt > 1) return `again in generation ${generation}`;
  switch (what) {
    case "wait":
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      return undefined;
    case "ignore":
      await new Promise(() => undefined);
      return undefined;
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return `done in generation ${generation}`;
    case "loop":
      for (;;) Math.sqrt(2);
    case "die":
      process.exit(9);
      break;
    case "end and die":
      setImmediate(() => process.kill(process.pid, "SIGKILL"));
      return "ended";
    case "grow": {
      const kept: Buffer[] = [];
      for (let i = 0; i < 20; i++) kept.push(Buffer.alloc(10 * 1024 * 1024, i));
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return kept.length;
    }
    default:
      return process.pid;
  }
}

function note(what: string, { runId, attempt }: RunContext): void {
  if (file !== "") appendFileSync(file, `${what} ${runId} ${attempt} ${process.pid}\n`);
  if (what !== "busy") print(`${what} ${runId} attempt ${attempt}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // Nobody has said.
    return otherwise;
  }
}
