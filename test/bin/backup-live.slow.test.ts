/** Backups made beside a runtime at full speed, each restored, examined and started. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron } from "../../src/index.ts";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { kron, kronJson, scratchDirectory, silent } from "./command-line.ts";

const test = suite("backup-live", 300_000);

/** The newest LMDB file changes under its readers, a plain one never does. */
const roundsOf = { lmdb: 20, file: 6 } as const;

/** A busy runtime, and the number of the timer that was acknowledged last. */
class Busy {
  readonly dataDir = join(scratchDirectory(), "data");
  readonly process: ChildProcess;
  acknowledged = 0;

  constructor(snapshot: "lmdb" | "file") {
    const path = repositoryPath("dist/test/bin/busy-runtime.js");
    this.process = spawn(process.execPath, [path, this.dataDir, snapshot], { stdio: ["pipe", "pipe", "inherit"] });
    this.process.stdout?.on("data", (chunk: Buffer) => {
      const lines = chunk.toString().trim().split("\n");
      this.acknowledged = Number(lines.at(-1));
    });
  }

  /** Resolves once some more timers were acknowledged. */
  async goesOn(): Promise<void> {
    const { stdout } = this.process;
    assert.ok(stdout);
    for (let told = 0; told < 3; told++) await once(stdout, "data");
  }

  [Symbol.dispose](): void {
    this.process.kill("SIGKILL");
  }
}

/** Opens the restored directory as an application does, and looks whether anything is missing. */
async function checkRestored(dataDir: string, acknowledged: number): Promise<void> {
  const restored = new Kron({ dataDir, logger: silent, orphanGrace: 60_000 });
  await restored.start();
  const numbers = (await restored.list())
    .map(({ id }) => (id.startsWith("n-") ? Number(id.slice(2)) : 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b);
  assert.ok(numbers.length >= acknowledged, `${numbers.length} timers, ${acknowledged} were acknowledged`);
  assert.ok(
    numbers.every((number, at) => number === at + 1),
    "none is left out",
  );
  for (const n of [1, Math.ceil(numbers.length / 2), numbers.length]) {
    const payload = (await restored.status(`n-${n}`))?.payload as { n: number; text: string } | undefined;
    assert.equal(payload?.text, "y".repeat((payload?.n ?? 0) % 500));
  }
  const busy = await restored.status("busy");
  const rows = await restored.history("busy", { limit: 100_000 });
  const accounted = (busy?.succeededCount ?? 0) + (busy?.deadCount ?? 0);
  assert.is(rows.filter(({ runId }) => runId !== undefined).length, accounted, "all history is there");
  assert.ok(rows.every(({ outcome, result }) => outcome !== "SUCCEEDED" || result === "x".repeat(500)));
  await restored.shutdown();
}

for (const snapshot of ["lmdb", "file"] as const) {
  const rounds = roundsOf[snapshot];
  test(`${rounds} backups beside a runtime at full speed are whole (${snapshot})`, async () => {
    using busy = new Busy(snapshot);
    const parent = scratchDirectory();
    const path = join(parent, "backup");
    const dataDir = join(parent, "data");
    let firstIndex = 1;
    for (let round = 0; round < rounds; round++) {
      await busy.goesOn();
      const { acknowledged } = busy;
      const { asOfEntry } = kronJson(["backup", path, "--force", "--data-dir", busy.dataDir]) as { asOfEntry: number };
      const restore = kron(["restore", path, "--data-dir", dataDir]);
      assert.is(restore.exitCode, 0, restore.stderr);
      const report = kronJson(["doctor", "--data-dir", dataDir]);
      assert.equal([report.verdict, report.problems], ["ok", []]);
      await checkRestored(dataDir, acknowledged);
      rmSync(dataDir, { recursive: true });
      const verify = kronJson(["log", "verify", "--data-dir", busy.dataDir]);
      firstIndex = Math.max(firstIndex, (verify.firstIndex as number) ?? 1);
      assert.ok(asOfEntry > 0);
    }
    assert.ok(firstIndex > 1, "segments were dropped meanwhile");
  });
}

test.run();
