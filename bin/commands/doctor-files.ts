/** The part of `kron doctor` that looks at the files themselves: who may read them, and what is there besides the log. */

import { join } from "node:path";
import { activeName, nextName, sidecarName } from "../../src/journal/files.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { JournalReading } from "../../src/journal/reader.ts";
import { readSidecar } from "../../src/journal/sidecar.ts";
import { printable } from "../printable.ts";
import type { Report } from "./doctor-report.ts";
import type { RuntimePresence } from "./runtime-presence.ts";

const setAsideSnapshot = /^kron\.snapshot(\.pages)?\.damaged-/;
/** What is being prepared, and the lock that LMDB keeps beside a file that it writes. */
const leftover = /^kron\.snapshot.*(\.next|-lock)$/;

/** A file of the data directory. */
export interface FileInfo {
  readonly name: string;
  readonly bytes: number;
  /** Octal, such as `0600`. */
  readonly mode: string;
}

/** Lists Kron's files in `directory` and tells `report` what is wrong with them. */
export function checkFiles(
  directory: string,
  reading: JournalReading,
  runtime: RuntimePresence,
  report: Report,
): FileInfo[] {
  checkMode(directory, "", report);
  const files: FileInfo[] = [];
  for (const name of nodeDisk.list(directory).sort()) {
    if (!name.startsWith("kron.")) continue;
    const found = checkMode(directory, name, report);
    if (found === undefined) continue;
    files.push({ name, bytes: found.bytes, mode: octal(found.mode) });
    if (name.startsWith(`${activeName}.torn-`)) {
      report.note("set-aside", `${printable(name)} holds bytes that recovery or repair set aside; Kron never reads it`);
    }
    if (setAsideSnapshot.test(name)) {
      report.note(
        "set-aside",
        `${printable(name)} is a snapshot that a start could not use; Kron never reads it again`,
      );
    }
    // While a runtime is at work it may be about to finish them.
    if (leftover.test(name) && runtime.state !== "running") {
      report.note(
        "leftover",
        `${printable(name)} was left by a write of a snapshot that was cut short; Kron removes it`,
      );
    }
  }
  const names = new Set(files.map(({ name }) => name));
  if (names.has(sidecarName)) checkSidecar(directory, report);
  else if (reading.segments > 0) {
    report.note(
      "sidecar-missing",
      `${sidecarName} is missing; the next start makes it anew, until then damage to the last batch can pass for a torn write`,
    );
  }
  return files.filter(({ name }) => name !== nextName);
}

function checkMode(directory: string, name: string, report: Report) {
  const found = nodeDisk.stat(name === "" ? directory : join(directory, name));
  const shown = name === "" ? "The directory" : printable(name);
  if (found === undefined) return undefined;
  if (name !== "" && found.kind !== "file" && name !== "kron.sock") {
    report.problem("not-a-file", `${shown} is not a plain file`);
  }
  // Windows has neither users by number nor modes.
  const uid = process.geteuid?.();
  if (uid === undefined) return found;
  if ((found.mode & 0o077) !== 0) {
    const wanted = name === "" ? "0700" : "0600";
    report.problem("mode-too-open", `${shown} has mode ${octal(found.mode)}, expected ${wanted}: others may read it`);
  }
  if (found.uid !== uid) report.note("other-owner", `${shown} belongs to user ${found.uid}, this is user ${uid}`);
  return found;
}

function checkSidecar(directory: string, report: Report): void {
  const path = join(directory, sidecarName);
  const file = nodeDisk.openRead(path);
  try {
    const sidecar = readSidecar(nodeDisk, file, path);
    if (sidecar === undefined) {
      report.note("sidecar-unreadable", `${sidecarName} has no good slot; the next start makes it anew`);
    } else if (sidecar.syncFailed) {
      report.problem(
        "sync-failed",
        `A sync failed after entry ${sidecar.durable}: what follows may not be on the disk`,
      );
    }
  } finally {
    nodeDisk.close(file);
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
