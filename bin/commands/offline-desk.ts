/** Timers of a directory that no runtime holds, looked up and changed under its lock, or only looked up. */

import { definitionKey } from "../../src/core/definition.ts";
import { Status } from "../../src/core/outcome.ts";
import type { Entry, LogRecord } from "../../src/core/record.ts";
import { State } from "../../src/core/state.ts";
import type { RecordedTimer } from "../../src/core/sync-plan.ts";
import { Zones } from "../../src/core/zone.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { TimerChange, TimerDesk } from "../../src/runtime/sync.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { CommandError, ExitCode } from "../exit-codes.ts";
import type { ChangeableDirectory } from "./changeable-directory.ts";
import type { ImportedTimer } from "./import-parse.ts";
import { isTaken, type PlanContext, planCancellation, planCreation, planReplacement } from "./import-plan.ts";
import { openOffline } from "./offline.ts";

const recordsPerEntryMax = 4_096;
const entryBytesMax = 4 * 1024 * 1024;

/** The timers of `ids` in `state` that are not cancelled. */
export function recordedIn(state: State, ids: ReadonlySet<string>): Map<string, RecordedTimer> {
  const { timers, definitions } = state;
  const found = new Map<string, RecordedTimer>();
  for (const id of ids) {
    const slot = timers.slotOf(id);
    if (slot === undefined || !isTaken(state, id)) continue;
    const definition = definitions.get(timers.definition.get(slot));
    found.set(id, { id, definition, anchorMs: timers.anchorMs.get(slot), payload: timers.payload(slot) });
  }
  return found;
}

/** The state of a directory, read without a byte of it changed; an empty one when nothing is there yet. */
export async function readPresent(context: CommandContext): Promise<State> {
  const { dataDir } = context;
  if (nodeDisk.stat(dataDir) === undefined || nodeDisk.list(dataDir).length === 0) return new State();
  const offline = await openOffline(context);
  await offline.close();
  return offline.state;
}

/** A desk that only answers, from a state that was read. */
export function readingDesk(state: State): TimerDesk {
  return {
    recorded: async (ids) => recordedIn(state, ids),
    apply: () => Promise.reject(new CommandError(ExitCode.FAILURE, "Expected nothing to be changed in a dry run")),
  };
}

/** A desk over a directory whose lock is held. */
export class OfflineDesk implements TimerDesk {
  readonly #directory: ChangeableDirectory;
  readonly #recurrences = new Recurrences(new Zones(intlOffsetSource()));
  readonly #clock = systemClock();

  constructor(directory: ChangeableDirectory) {
    this.#directory = directory;
  }

  async recorded(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, RecordedTimer>> {
    return recordedIn(this.#directory.state, ids);
  }

  /** All of it in one entry of the journal, so that a crash leaves all or nothing; very much of it in several. */
  async apply(changes: readonly TimerChange[]): Promise<ReadonlySet<string>> {
    let records: LogRecord[] = [];
    let bytes = 0;
    let context = this.#context();
    const flush = async (): Promise<void> => {
      if (records.length > 0) await this.#write([context.atMs, ...records]);
      records = [];
      bytes = 0;
      context = this.#context();
    };
    for (const change of changes) {
      const made = this.#recordsFor(change, context);
      records.push(...made);
      bytes += JSON.stringify(made, withoutBytes).length;
      if (records.length >= recordsPerEntryMax || bytes >= entryBytesMax) await flush();
    }
    await flush();
    // Here nothing was hidden, so the plan knew it all.
    return new Set();
  }

  #recordsFor(change: TimerChange, context: PlanContext): readonly LogRecord[] {
    const { state } = context;
    const id = change.kind === "cancel" ? change.id : change.timer.id;
    const slot = state.timers.slotOf(id);
    const isThere = slot !== undefined && isTaken(state, id);
    if (change.kind === "cancel") return isThere ? planCancellation(context, slot) : [];
    const { definition, atMs, payload } = change.timer;
    // A timer that somebody has paused stays so.
    const isPaused = isThere && state.timers.status.get(slot) === Status.PAUSED;
    const timer: ImportedTimer = {
      ...{ id, definition, key: definitionKey(definition), anchorMs: atMs, nextAtMs: undefined },
      ...{ isPaused, payload, payloadBytes: 0 },
    };
    const plan = isThere ? planReplacement(context, timer, slot) : planCreation(context, timer, 0);
    return plan?.records ?? [];
  }

  async #write(entry: Entry): Promise<void> {
    for (const outcome of await this.#directory.write(entry)) {
      if (outcome.kind !== "refused") continue;
      const message = `Expected every change to be taken, one was refused (${outcome.code}): ${outcome.reason}`;
      throw new CommandError(ExitCode.FAILURE, message, "Run the command again to do the rest");
    }
  }

  #context(): PlanContext {
    const { state } = this.#directory;
    return { state, recurrences: this.#recurrences, atMs: this.#clock.nowMs(), asOfMs: undefined };
  }
}

/** Sizes need not be exact: what JSON lacks counts as nothing much, but bytes as what they are. */
function withoutBytes(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return 0;
  return value instanceof Uint8Array ? " ".repeat(value.length) : value;
}
