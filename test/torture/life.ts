/** Runs one process on a directory, ends it as planned, and gives what it told. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Fact } from "./facts.ts";
import type { LifePlan } from "./life-plan.ts";

/** What became of one life. */
export interface Life {
  readonly facts: readonly Fact[];
  /** Ended by force, by its parent or by itself. */
  readonly wasKilled: boolean;
  /** What it should not have done; empty is good. */
  readonly troubles: readonly string[];
}

const workload = fileURLToPath(new URL("./workload.js", import.meta.url));
/** Whatever was planned, no life is longer; and none may take so long to come to its end. */
const lifeMsMax = 60_000;
/** The plan of a kill may wait for something that does not come, such as the checkpoint of a failed runtime. */
const killMsMax = 3_000;
const errorCharsMax = 8_192;

/** Lives `plan` through. Never rejects for what the process does. */
export async function live(plan: LifePlan): Promise<Life> {
  const child = spawn(process.execPath, [workload, JSON.stringify(plan)], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const { kill } = plan;
  const timers: NodeJS.Timeout[] = [];
  const killIn = (ms: number): void => void timers.push(setTimeout(() => child.kill("SIGKILL"), ms));
  const reach = (when: string): void => {
    if (kill?.when === when) killIn(kill.afterMs);
  };
  killIn(kill === undefined ? lifeMsMax : killMsMax + kill.afterMs);
  reach("spawned");
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      printed = (printed + chunk.toString("utf8")).slice(-errorCharsMax);
    });
  }
  const facts: Fact[] = [];
  let rest = "";
  for await (const chunk of child.stdio[3] as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const fact = JSON.parse(Buffer.from(line, "latin1").toString("utf8")) as Fact;
      facts.push(fact);
      reach(fact.kind);
    }
  }
  const [code, signal] = (await exited) as [number | null, string | null];
  for (const timer of timers) clearTimeout(timer);
  const troubles = [...judgeEnd(plan, facts, code, signal)];
  if (printed !== "") troubles.push(`It printed: ${printed}`);
  return { facts, wasKilled: signal !== null, troubles };
}

function* judgeEnd(
  plan: LifePlan,
  facts: readonly Fact[],
  code: number | null,
  signal: string | null,
): Generator<string> {
  const has = (kind: Fact["kind"]): boolean => facts.some((fact) => fact.kind === kind);
  for (const fact of facts) {
    if (fact.kind === "trouble") yield fact.message;
    if (fact.kind === "failed" && !has("disk")) yield `It failed without cause: ${fact.code} ${fact.message}`;
  }
  if (signal !== null && signal !== "SIGKILL") yield `It was ended by ${signal}`;
  if (signal === null && (code !== 0 || !(has("closed") || has("failed"))))
    yield `It ended by itself, exit code ${code}`;
  if (plan.settles && !has("closed")) yield "It did not settle in time";
}
