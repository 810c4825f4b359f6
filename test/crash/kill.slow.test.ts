/**
 * kill -9, over and over, of a process that works on one directory, at a random instant. What it had been told
 * must all be in the journal, and the journal must add up. `KRON_SEED=n` repeats a sequence of instants and
 * workloads (not of what the machine made of them), `KRON_ROUNDS=n` asks for more.
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { apply } from "../../src/core/apply.ts";
import { type Entry, Kind } from "../../src/core/record.ts";
import { State } from "../../src/core/state.ts";
import { Kron } from "../../src/index.ts";
import { readJournalFiles } from "../../src/journal/journal-files.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { emitRecord } from "../../src/supervisor/events.ts";
import { checkAccount } from "../support/account-check.ts";
import { assertAuditFindsNothing } from "../support/audit-check.ts";
import { Seeded, seedFromEnvironment } from "../support/seeded.ts";
import { suite } from "../support/suite.ts";
import type { Fact } from "./facts.ts";

const test = suite("crash/kill", 500_000);

const seed = seedFromEnvironment();
const rounds = Number(process.env.KRON_ROUNDS ?? 200);
const workload = fileURLToPath(new URL("./workload.js", import.meta.url));
const program = fileURLToPath(new URL("../../bin/kron.js", import.meta.url));
const silent = (): void => undefined;

/** Runs one life and kills it, `afterMs` after it was open or, when `isEarly`, after it was spawned. */
async function live(directory: string, lifeSeed: number, afterMs: number, isEarly: boolean): Promise<Fact[]> {
  const child = spawn(process.execPath, [workload, directory, String(lifeSeed)], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const kill = (): void => void setTimeout(() => child.kill("SIGKILL"), afterMs);
  const exited = once(child, "exit");
  if (isEarly) kill();
  const facts: Fact[] = [];
  let rest = "";
  for await (const chunk of child.stdio[3] as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const fact = JSON.parse(line) as Fact;
      facts.push(fact);
      if (fact.kind === "open" && !isEarly) kill();
    }
  }
  const [, signal] = await exited;
  assert.is(signal, "SIGKILL", `the process ended before it was killed, seed ${lifeSeed}`);
  return facts;
}

function readEntries(directory: string): Entry[] {
  const entries: Entry[] = [];
  readJournalFiles(directory, nodeDisk, (_segment, _index, _term, entry) => {
    entries.push(entry);
  });
  return entries;
}

/** Everything that an observer of the whole log would have been told, each as text. */
function tellAll(entries: readonly Entry[]): { told: Map<string, number>; marks: Set<string>; runIds: Set<string> } {
  const state = new State();
  const told = new Map<string, number>();
  const marks = new Set<string>();
  const runIds = new Set<string>();
  const sink = {
    has: () => true,
    emit: (name: string, ...[event]: readonly unknown[]): void => {
      const text = `${name} ${JSON.stringify(event)}`;
      told.set(text, (told.get(text) ?? 0) + 1);
      const { runId, type, timerId } = event as { runId?: string; type?: string; timerId?: string };
      if (runId !== undefined) runIds.add(runId);
      if (name === "timer") told.set(`${type} ${timerId}`, (told.get(`${type} ${timerId}`) ?? 0) + 1);
    },
  };
  for (const entry of entries) {
    const [atMs, ...records] = entry;
    for (const record of records) {
      const outcome = apply(state, state.appliedIndex + 1, 0, [atMs, record]).outcomes[0];
      if (outcome === undefined || outcome.kind === "refused") continue;
      emitRecord(sink, state, atMs, record, outcome);
      if (record[0] === Kind.TIMER_CREATED || record[0] === Kind.TIMER_UPDATED) marks.add(`${record[5]}`);
    }
  }
  return { told, marks, runIds };
}

/** Facts that the log does not hold, or that must not be. */
function findMissing(facts: readonly Fact[], entries: readonly Entry[], tokens: ReadonlySet<number>): string[] {
  const { told, marks, runIds } = tellAll(entries);
  const began = new Set<number>();
  const acknowledged = new Map<string, number>();
  const isHeld = (fact: Fact): boolean => {
    switch (fact.kind) {
      case "run":
      case "missed":
      case "timer":
        return told.has(`${fact.kind} ${JSON.stringify(fact.event)}`);
      case "began": {
        const isFirst = !began.has(fact.token);
        began.add(fact.token);
        return isFirst && tokens.has(fact.token);
      }
      case "triggered":
        return runIds.has(fact.runId);
      case "scheduled":
        return marks.has(fact.mark);
      case "changed": {
        const key = `${fact.what} ${fact.id}`;
        if (fact.changed) acknowledged.set(key, (acknowledged.get(key) ?? 0) + 1);
        return (acknowledged.get(key) ?? 0) <= (told.get(key) ?? 0);
      }
      case "open":
        return true;
      default:
        return false;
    }
  };
  return facts.filter((fact) => !isHeld(fact)).map((fact) => JSON.stringify(fact));
}

test(`nothing acknowledged is lost in ${rounds} kills (seed ${seed})`, async () => {
  console.log(`kill -9 ${rounds} times, KRON_SEED=${seed}`);
  const random = new Seeded(seed);
  const root = mkdtempSync(join(tmpdir(), "kron-kill-"));
  const directory = join(root, "data");
  const facts: Fact[] = [];
  for (let round = 0; round < rounds; round++) {
    const isEarly = random.chance(0.15);
    facts.push(
      ...(await live(directory, random.int(0, 2 ** 30), isEarly ? random.int(50, 250) : random.int(20, 220), isEarly)),
    );
  }
  const entries = readEntries(directory);
  const account = checkAccount(entries);
  assert.equal(findMissing(facts, entries, account.tokens), []);
  const { succeeded, dead, cancelled, lost, missed, skipped } = account;
  console.log(`${facts.length} facts, ${entries.length} entries`, {
    succeeded,
    dead,
    cancelled,
    lost,
    missed,
    skipped,
  });
  assert.ok(succeeded > rounds && lost > 0, "the workload did its work");

  const kron = new Kron({ dataDir: directory, logger: { debug: silent, info: silent, warn: silent, error: silent } });
  await kron.start();
  assert.is(kron.list().length, account.state.timers.size);
  await kron.shutdown();
  assert.ok(checkAccount(readEntries(directory)).state.isRunning === false);
  assertAuditFindsNothing(readEntries(directory));
  const doctor = spawnSync(process.execPath, [program, "doctor", "--data-dir", directory], { encoding: "utf8" });
  assert.is(doctor.status, 0, doctor.stdout);
  rmSync(root, { recursive: true, force: true });
});

test.run();
