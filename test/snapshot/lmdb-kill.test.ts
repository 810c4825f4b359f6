/** Processes that end in the middle of a write: killed, by `process.exit()`, or by an error nobody catches. */

import { equal, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";
import { suite } from "../support/suite.ts";
import { dice } from "./damage.ts";
import { temporaryDirectory } from "./rigs.ts";

const test = suite("lmdb store of a process that ends", 60_000);
const child = fileURLToPath(new URL("./write-child.js", import.meta.url));

/** Runs the child until `isEnough` of what it printed, then kills it, or until it ends by itself. */
function runChild(path: string, ending: string, afterMs: number, isEnough: (printed: string) => boolean) {
  return new Promise<{ code: number | null; signal: string | null; rounds: number[] }>((resolve) => {
    const started = spawn(process.execPath, [child, path, ending, String(afterMs)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let printed = "";
    let isKilled = false;
    started.stdout.on("data", (bytes: Buffer) => {
      printed += bytes.toString();
      if (isKilled || !isEnough(printed)) return;
      isKilled = true;
      setTimeout(() => started.kill("SIGKILL"), afterMs);
    });
    started.on("close", (code, signal) => {
      resolve({ code, signal, rounds: printed.trimEnd().split("\n").filter(Boolean).map(Number) });
    });
  });
}

/** The round the store is in; throws when it is between two. */
function roundOf(path: string): number {
  if (!nodeDisk.exists(path)) return 0;
  const store = openLmdbStore(path, { disk: nodeDisk });
  const rounds = new Set<string>();
  let count = 0;
  store.visit({ from: Buffer.from("k"), to: Buffer.from("l") }, (_key, value) => {
    rounds.add(Buffer.from(value).toString("latin1"));
    count += 1;
    return true;
  });
  void store.close();
  if (count === 0) return 0;
  equal(count, 300);
  equal(rounds.size, 1, "a state between two writes");
  return Number([...rounds][0]?.slice(0, 8));
}

test("kill -9 leaves the last acknowledged write, or the one after it, never less and never between", async () => {
  const { directory, dispose } = temporaryDirectory();
  const path = join(directory, "kron.snapshot");
  const roll = dice(Number(process.env.KRON_SEED ?? 5));
  for (let time = 0; time < 8; time += 1) {
    const before = roundOf(path);
    const enough = 1 + roll(3);
    const { signal, rounds } = await runChild(path, "kill", roll(90), (text) => text.split("\n").length > enough);
    equal(signal, "SIGKILL");
    const acknowledged = rounds.at(-1) ?? before;
    const found = roundOf(path);
    ok(found === acknowledged || found === acknowledged + 1, `found ${found}, acknowledged ${acknowledged}`);
  }
  dispose();
});

test("process.exit() and uncaught errors end the process at once, whatever a write is doing", async () => {
  const { directory, dispose } = temporaryDirectory();
  const path = join(directory, "kron.snapshot");
  for (const afterMs of [1, 30, 60, 80, 95, 105, 120, 140, 170, 200]) {
    const ending = afterMs % 3 === 0 ? "throw" : "exit";
    const before = roundOf(path);
    const { code, rounds } = await runChild(path, ending, afterMs, () => false);
    equal(code, ending === "exit" ? 7 : 1);
    const acknowledged = rounds.at(-1) ?? before;
    const found = roundOf(path);
    ok(found === acknowledged || found === acknowledged + 1, `found ${found}, acknowledged ${acknowledged}`);
  }
  dispose();
});

test.run();
