/** A data directory opened for looking: its journal replayed into a state, and not a byte of it changed. */

import { apply } from "../../src/core/apply.ts";
import type { HistorySource } from "../../src/core/history.ts";
import { State } from "../../src/core/state.ts";
import { nearestWord } from "../../src/core/suggest.ts";
import { type Zone, Zones } from "../../src/core/zone.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { HistoryReader } from "../../src/snapshot/history-reader.ts";
import { defaultRetention } from "../../src/snapshot/retention.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type CommandContext, localZoneName } from "../context.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable, shortened } from "../printable.ts";
import { findRuntime, type RuntimePresence } from "./runtime-presence.ts";

/** What a directory says. */
export interface Offline {
  readonly state: State;
  readonly history: HistorySource;
  readonly reading: JournalReading;
  readonly recurrences: Recurrences;
  readonly runtime: RuntimePresence;
  /** The zone in which times are shown. */
  readonly zone: Zone;
}

/**
 * Reads the directory of `context`, whether a runtime is at work in it or not. Throws a `CommandError` when there
 * is no journal, and what the journal throws.
 */
export function openOffline(context: CommandContext): Offline {
  const zones = new Zones(intlOffsetSource());
  const zone = displayZone(context, zones);
  const state = new State();
  checkDirectory(context.dataDir);
  const reading = readJournal(context.dataDir, nodeDisk, (index, term, entry) => {
    // A log whose beginning is gone still says something.
    if (state.appliedIndex === 0) state.appliedIndex = index - 1;
    apply(state, index, term, entry);
  });
  checkThere(context.dataDir, reading);
  const runtime = findRuntime(context.dataDir, state);
  const history = new HistoryReader(state, undefined, defaultRetention, { nowMs: () => context.nowMs });
  return { state, history, reading, recurrences: new Recurrences(zones), runtime, zone };
}

/** The zone in which times are shown: the one asked for, else that of this machine. */
export function displayZone(context: CommandContext, zones: Zones): Zone {
  if (context.zoneName !== undefined) return zones.get(context.zoneName);
  try {
    return zones.get(localZoneName());
  } catch {
    // A machine may be set to a zone that Node does not know; times are shown with their offset anyway.
    return zones.get("UTC");
  }
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
  const nearest = nearestWord(id, idsOf(state));
  const hint = nearest === undefined ? "`kron job list` shows the ids there are" : `Did you mean ${quoted(nearest)}?`;
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
export function reportReading(context: CommandContext, { reading, state }: Offline): ExitCodeValue {
  const { verdict } = reading;
  if (verdict.kind === "corrupt") {
    const { segment, offset, firstIndex, lastIndex, fault } = verdict;
    context.output.message(
      `kron: acknowledged entries ${firstIndex} to ${lastIndex} cannot be read (${segment}:${offset}, ${fault}); ` +
        `this is the state before them, as of entry ${state.appliedIndex}\nhint: run \`kron doctor\``,
    );
    return ExitCode.PROBLEMS;
  }
  if (reading.firstIndex > 1) {
    context.output.message(`kron: the journal begins at entry ${reading.firstIndex}; what came before is not shown`);
    return ExitCode.PROBLEMS;
  }
  return ExitCode.OK;
}

/** The runtime as the JSON of all commands shows it. */
export function runtimeJson({ runtime, state }: Offline): object {
  return { state: runtime.state, pid: runtime.pid, asOfEntry: state.appliedIndex, asOfMs: state.atMs };
}
