/** One trial of the checker: many damaged copies, and those it accepts given to LMDB in a process of their own. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isKronError } from "../../src/core/errors.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { checkLmdbFile } from "../../src/snapshot/lmdb-check.ts";
import { bytesAt, type Content, damage, dice, makeFile } from "./damage.ts";
import { temporaryDirectory } from "./rigs.ts";

/** What a trial came to. */
export interface TrialReport {
  readonly refused: number;
  readonly accepted: number;
  /** What the child process did wrong, if anything. */
  readonly trouble: string | undefined;
}

/** Damages a file of `seed` `tries` times; at most `acceptedMax` of the accepted ones are given to LMDB. */
export async function tryDamage(seed: number, tries: number, acceptedMax: number): Promise<TrialReport> {
  const { directory, dispose } = temporaryDirectory();
  try {
    const roll = dice(seed);
    const path = join(directory, "base");
    const content = await makeFile(path, seed, 2 + roll(8));
    const bytes = bytesAt(path);
    const job: Record<string, [string, number][]> = {};
    let refused = 0;
    for (let index = 0; index < tries && Object.keys(job).length < acceptedMax; index += 1) {
      const name = `${index}.snapshot`;
      const damaged = damage(bytes, roll);
      writeFileSync(join(directory, "tried"), damaged);
      if (isAccepted(join(directory, "tried"))) {
        writeFileSync(join(directory, name), damaged);
        job[name] = entriesOf(content);
      } else refused += 1;
    }
    writeFileSync(join(directory, "job.json"), JSON.stringify(job));
    return { refused, accepted: Object.keys(job).length, trouble: runChild(directory) };
  } finally {
    dispose();
  }
}

function isAccepted(path: string): boolean {
  try {
    checkLmdbFile(nodeDisk, path);
    return true;
  } catch (error) {
    if (isKronError(error, "KRON_SNAPSHOT_CORRUPT")) return false;
    throw error;
  }
}

function entriesOf(content: Content): [string, number][] {
  return [...content];
}

function runChild(directory: string): string | undefined {
  const child = fileURLToPath(new URL("./damage-child.js", import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [child, directory], { encoding: "utf8" });
  const last = stdout.trimEnd().split("\n").at(-1);
  if (status === 0 && last === "over") return undefined;
  return `${signal ?? `exit ${status}`} at ${last}: ${stderr.slice(-1500)}`;
}
