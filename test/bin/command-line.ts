/** Runs the built `kron` as its users do, over directories that a real runtime has written. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Kron } from "../../src/index.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Disk, Logger } from "../../src/ports.ts";
import { VirtualClock } from "../../src/testing.ts";
import { repositoryPath } from "../tooling/source-files.ts";

/** The program as it is shipped, or the one that a report of coverage can be made of. */
export const programPath = repositoryPath(process.env.TEST_KRON_PROGRAM ?? "dist/lib/kron.js");

/** The line of a shell script that stands in for the installed program. */
export const programLine = `exec "${process.execPath}" "${programPath}" "$@"`;

/** What a command left behind. */
export interface Result {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `kron` with `args` and `input`; the environment has neither colours nor a data directory unless `env` gives
 * them.
 */
export function kron(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ""): Result {
  const { KRON_HOME: _home, FORCE_COLOR: _force, NO_COLOR: _no, ...rest } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [programPath, ...args], {
    encoding: "utf8",
    input,
    env: { ...rest, TZ: "UTC", ...env },
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { exitCode: status, stdout, stderr };
}

/** Runs `kron` with `--json`; the exit code must be as given and nothing may be said besides. */
export function kronJson(args: readonly string[], exitCode = 0): Record<string, unknown> {
  const result = kron([...args, "--json"]);
  assert.is(result.exitCode, exitCode, result.stderr);
  const value = JSON.parse(result.stdout) as Record<string, unknown>;
  assert.is(value.version, 1);
  return value;
}

const made: string[] = [];

/** A fresh directory, removed when the process exits. */
export function scratchDirectory(): string {
  if (made.length === 0) {
    process.on("exit", () => {
      for (const path of made) rmSync(path, { recursive: true, force: true });
    });
  }
  const path = mkdtempSync(join(tmpdir(), "kron-cli-"));
  made.push(path);
  return path;
}

/** Everything about a directory that a reader must not change. */
export function fingerprint(directory: string): object {
  const files = readdirSync(directory)
    .sort()
    .map((name) => {
      const path = join(directory, name);
      const { mtimeMs, ctimeMs, mode, size } = statSync(path);
      return {
        name,
        mtimeMs,
        ctimeMs,
        mode,
        size,
        sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
      };
    });
  const { mtimeMs, ctimeMs, mode } = statSync(directory);
  return { mtimeMs, ctimeMs, mode, files };
}

/** A logger for runtimes that are meant to be quiet. */
export const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // What these runtimes have to say is not what is tested.
}

/** A disk whose syncs end within a few turns of the loop, for which virtual time waits. */
export const promptDisk: Disk = {
  ...nodeDisk,
  syncData(file, done) {
    nodeDisk.syncDataNow(file);
    setImmediate(() => done(null));
  },
};

/** The instant at which the tests look at `exampleDirectory`, which was last written at 2026-03-30T01:30:00Z. */
export const lookedAt = "2026-03-30T02:00:00Z";

/** A day and a half in the life of six timers, over the spring change of clocks in Riga. */
export async function exampleDirectory(): Promise<string> {
  const dataDir = join(scratchDirectory(), "data");
  const clock = new VirtualClock("2026-03-28T22:00:00Z");
  const runtime = new Kron({ dataDir, clock, disk: promptDisk, logger: silent });
  const payload = { count: 1n, bytes: new Uint8Array([104, 105]), text: "ü\u202e" };
  await runtime.schedule("nightly", { cron: "30 3 * * *", timezone: "Europe/Riga", payload }, () => "ok");
  await runtime.schedule("flaky", { every: "10h", overlap: "skip", retry: { maxAttempts: 2 } }, () => {
    const details = { exitCode: 2n, stderr: "bad \u001b[31m" };
    throw Object.assign(new Error("boom \u001b[31mred\nsecond line"), { details });
  });
  await runtime.schedule("fixed", { every: "6h" }, () => undefined);
  await runtime.schedule("paused", { cron: "*/5 * * * *" }, () => undefined);
  await runtime.schedule("once", { after: "5m" }, () => undefined);
  await runtime.schedule("gone", { every: "1h" }, () => undefined);
  await runtime.start();
  await runtime.pause("paused");
  await clock.advance("3h");
  await runtime.cancel("gone");
  await runtime.trigger("nightly");
  await clock.advance("24h30m");
  await runtime.shutdown();
  return dataDir;
}
