/** A data directory opened for looking: its snapshot and journal read into a state, and not a byte of it changed. */

import { isKronError } from "../../src/core/errors.ts";
import type { HistorySource } from "../../src/core/history.ts";
import type { Retention } from "../../src/core/retention.ts";
import type { State } from "../../src/core/state.ts";
import { didYouMean } from "../../src/core/suggest.ts";
import { Zones } from "../../src/core/zone.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { JournalReading } from "../../src/journal/reader.ts";
import type { SnapshotStore } from "../../src/ports.ts";
import { HistoryReader } from "../../src/snapshot/history-reader.ts";
import type { ReadSnapshot, SnapshotFile } from "../../src/snapshot/read-snapshot.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { type DisplayZone, displayZone } from "../display-zone.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable, shortened } from "../printable.ts";
import { type DirectoryReading, readDirectory } from "./read-directory.ts";
import { findRuntime, type RuntimePresence } from "./runtime-presence.ts";

/** The snapshot that a state was read from. */
export interface SnapshotInfo {
  readonly kind: SnapshotStore["kind"];
  readonly path: string;
  readonly generation: SnapshotFile["generation"];
  readonly appliedIndex: number;
  readonly writtenAtMs: number;
}

/** What a directory says. */
export interface Offline {
  readonly state: State;
  /** Open for reading; undefined without a snapshot. */
  readonly store: SnapshotStore | undefined;
  /** All rows there are, from memory and from the store. */
  readonly history: HistorySource;
  /** The journal behind the snapshot. */
  readonly reading: JournalReading;
  readonly snapshot: SnapshotInfo | undefined;
  /** Why the newest snapshot was not used; undefined when it was, or there is none. */
  readonly snapshotCause: unknown;
  readonly recurrences: Recurrences;
  readonly runtime: RuntimePresence;
  /** The zone in which times are shown. */
  readonly zone: DisplayZone;
  close(): Promise<void>;
}

/** A timer keeps what its own policy says; how much its runtime keeps of others is not on record, so all there is is shown. */
export const everyRow: Retention = {
  count: Number.POSITIVE_INFINITY,
  ageMs: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
};

/** How often a command begins anew because a writer has changed what it was reading. */
const triesMax = 4;

/**
 * Reads the directory of `context`, whether a runtime is at work in it or not. Rejects with a `CommandError` when
 * there is no journal, and with what `readDirectory` rejects with.
 */
export async function openOffline(context: CommandContext): Promise<Offline> {
  const zones = new Zones(intlOffsetSource());
  const zone = displayZone(context, zones);
  checkDirectory(context.dataDir);
  const directory = await readDirectory(context.dataDir, nodeDisk, systemClock(), {
    progress: context.progress,
  });
  // A restored directory has a snapshot, and no segment before its first start.
  if (directory.snapshot.file === undefined) checkThere(context.dataDir, directory.reading);
  return offlineOf(context, directory, new Recurrences(zones), zone);
}

/** What commands are given of a directory that was read. */
export function offlineOf(
  context: CommandContext,
  { state, snapshot, reading }: DirectoryReading,
  recurrences: Recurrences,
  zone: DisplayZone,
): Offline {
  const store = snapshot.file?.store;
  const history = new HistoryReader(state, store, everyRow, { nowMs: () => context.nowMs });
  return {
    ...{ state, store, history, reading, recurrences, zone },
    snapshot: snapshotInfo(snapshot),
    snapshotCause: snapshot.cause,
    runtime: findRuntime(context.dataDir, state),
    close: async () => store?.close(),
  };
}

/** Does `read` again when a writer has changed what it was reading, which it says by failing, or `isStale` by its result. */
export async function retriedBesideWriter<T>(
  read: () => Promise<T>,
  isStale: (result: T) => boolean = () => false,
): Promise<T> {
  for (let tries = triesMax; ; tries -= 1) {
    try {
      const result = await read();
      if (tries === 1 || !isStale(result)) return result;
    } catch (error) {
      if (tries === 1 || !isKronError(error, "KRON_SNAPSHOT_FAILED")) throw error;
    }
  }
}

/**
 * Opens the directory, hands it to `read`, and closes its store. When a writer has changed the snapshot while `read`
 * was at it, all of it is done again, so `read` must not print.
 */
export async function readOffline<T>(
  context: CommandContext,
  read: (offline: Offline) => T,
): Promise<{ readonly offline: Offline; readonly result: T }> {
  return await retriedBesideWriter(async () => {
    const offline = await openOffline(context);
    try {
      return { offline, result: read(offline) };
    } finally {
      await offline.close();
    }
  });
}

function snapshotInfo({ file }: ReadSnapshot): SnapshotInfo | undefined {
  if (file === undefined) return undefined;
  const { store, path, generation, meta } = file;
  return { kind: store.kind, path, generation, appliedIndex: meta.appliedIndex, writtenAtMs: meta.writtenAtMs };
}

/** Throws when nothing is at the path, or no directory. */
export function checkDirectory(directory: string): void {
  const found = nodeDisk.stat(directory);
  if (found === undefined) {
    throw new CommandError(
      ExitCode.NOT_FOUND,
      `Expected a data directory at ${printable(directory)}, nothing is there`,
      "Give its path with --data-dir or KRON_HOME",
    );
  }
}

/** Throws when the directory holds no journal. */
export function checkThere(directory: string, reading: JournalReading): void {
  if (reading.verdict.kind !== "missing") return;
  throw new CommandError(
    ExitCode.NOT_FOUND,
    `Expected a journal in ${printable(directory)}, there is none`,
    "Give the path of a data directory with --data-dir or KRON_HOME",
  );
}

/** The slot of the timer; throws a `CommandError` that names the nearest id there is. */
export function slotOfTimer(state: State, id: string): number {
  const slot = state.timers.slotOf(id);
  if (slot !== undefined) return slot;
  const hint = didYouMean(id, idsOf(state), quoted) ?? "`kron job list` shows the ids there are";
  throw new CommandError(ExitCode.NOT_FOUND, `Timer ${quoted(id)} is not known`, hint);
}

function quoted(id: string): string {
  return `"${shortened(id, 200)}"`;
}

function* idsOf(state: State): Generator<string> {
  for (let slot = 0; slot < state.timers.slotCount; slot++) {
    const id = state.timers.idOf(slot);
    if (id !== undefined) yield id;
  }
}

/**
 * Tells the user, on standard error, what keeps the answer from being the whole truth; returns the exit code
 * that follows from it.
 */
export function reportReading(context: CommandContext, offline: Offline): ExitCodeValue {
  const { reading, state, snapshotCause } = offline;
  const { verdict } = reading;
  if (snapshotCause !== undefined) {
    const source = offline.snapshot === undefined ? "the journal" : "the snapshot before it and the journal";
    const why = snapshotCause instanceof Error ? snapshotCause.message : String(snapshotCause);
    context.output.message(
      `kron: the newest snapshot cannot be used (${printable(why)}); this comes from ${source}\nhint: run \`kron doctor\``,
    );
  }
  if (verdict.kind !== "corrupt") return ExitCode.OK;
  const { segment, offset, firstIndex, lastIndex, fault } = verdict;
  context.output.message(
    `kron: acknowledged entries ${firstIndex} to ${lastIndex} cannot be read (${segment}:${offset}, ${fault}); ` +
      `this is the state before them, as of entry ${state.appliedIndex}\nhint: run \`kron doctor\``,
  );
  return ExitCode.PROBLEMS;
}

/** The runtime as the JSON of all commands shows it. */
export function runtimeJson({ runtime, state }: Pick<Offline, "runtime" | "state">): object {
  return { state: runtime.state, pid: runtime.pid, asOfEntry: state.appliedIndex, asOfMs: state.atMs, via: "files" };
}
