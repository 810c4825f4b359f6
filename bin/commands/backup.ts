/** `kron backup <file>`: everything in a data directory, as one file that `kron restore` makes a directory of. */

import { createHash } from "node:crypto";
import { createReadStream, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { Zones } from "../../src/core/zone.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { Progress } from "../../src/ports.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { displayZone } from "../display-zone.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { type LabelledText, printLabelled } from "../labelled-lines.ts";
import { printable } from "../printable.ts";
import { fullTime } from "../times.ts";
import { writeBackup } from "./backup-file.ts";
import { checkDirectory } from "./offline.ts";

/** Options of `kron backup`. */
export interface BackupOptions {
  readonly force?: boolean;
}

/** Writes the backup and says what it holds. */
export async function backup(context: CommandContext, file: string, options: BackupOptions): Promise<ExitCodeValue> {
  const { dataDir, output, nowMs, progress } = context;
  const zone = displayZone(context, new Zones(intlOffsetSource()));
  checkDirectory(dataDir);
  const path = checkTarget(dataDir, file, options.force === true);
  const { snapshotCause, ...written } = await writeBackup(dataDir, path, progress);
  progress.begin("hashing the backup", "bytes", written.bytes);
  const sha256 = await hashOf(path, progress);
  if (snapshotCause !== undefined) {
    const why = snapshotCause instanceof Error ? snapshotCause.message : String(snapshotCause);
    output.message(
      `note: the newest snapshot cannot be used (${printable(why)}); nothing is missing, but run \`kron doctor\``,
    );
  }
  if (output.options.isJson) {
    output.json({ version: jsonVersion, command: "backup", dataDir, file: path, ...written, sha256 });
    return ExitCode.OK;
  }
  const lines: LabelledText[] = [
    ["written:", printable(path)],
    ["as of:", `entry ${written.asOfEntry}, ${fullTime(written.asOfMs, zone, nowMs)}`],
    ["timers:", `${written.timers}, with ${written.unfinishedRuns} unfinished runs and all history`],
    ["bytes:", String(written.bytes)],
    ["sha-256:", sha256],
  ];
  printLabelled(output, lines);
  return ExitCode.OK;
}

/** Where the backup goes. Throws a `CommandError` where it must not. */
function checkTarget(dataDir: string, file: string, isForced: boolean): string {
  if (file === "-") {
    throw new CommandError(
      ExitCode.USAGE,
      "Expected the path of a file, got -: a backup is read back before it counts, and so is no stream",
      "Write it to a file, then copy that; `kron export` prints lines of JSON",
    );
  }
  const path = resolve(file);
  const directory = dirname(path);
  if (nodeDisk.stat(directory) === undefined && !nodeDisk.exists(directory)) {
    throw new CommandError(ExitCode.NOT_FOUND, `Expected a directory at ${printable(directory)}, nothing is there`);
  }
  const real = join(realpathSync(directory), basename(path));
  // Its files have names that mean something there.
  if (`${real}/`.startsWith(`${realpathSync(dataDir)}/`)) {
    throw new CommandError(ExitCode.USAGE, `Expected a path outside of the data directory, got ${printable(path)}`);
  }
  const found = nodeDisk.stat(real);
  if (found === undefined) return real;
  if (found.kind !== "file") {
    throw new CommandError(
      ExitCode.FAILURE,
      `Expected a plain file or nothing at ${printable(path)}, got something else`,
    );
  }
  if (isForced) return real;
  throw new CommandError(
    ExitCode.FAILURE,
    `Expected nothing at ${printable(path)}, there is a file already`,
    "Choose another name, or replace it with --force",
  );
}

/** Of the whole file, as `sha256sum` prints it. */
async function hashOf(path: string, progress: Progress): Promise<string> {
  const hash = createHash("sha256");
  const file = createReadStream(path);
  file.on("data", ({ length }) => progress.add(length, "bytes"));
  await pipeline(file, hash);
  return hash.digest("hex");
}
