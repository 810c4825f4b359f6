/** `kron export`: all timers, and their history if asked for, as lines of JSON. */

import { isKronError } from "../../src/core/errors.ts";
import type { State } from "../../src/core/state.ts";
import { type HistoryEntry, viewHistory } from "../../src/supervisor/views.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { counted } from "../printable.ts";
import { headLine, historyLine, timerLine } from "./export-format.ts";
import { type Offline, openOffline, reportReading } from "./offline.ts";

/** Options of `kron export`. */
export interface ExportOptions {
  readonly history?: boolean;
  /** Whether secrets of targets are written out. */
  readonly secrets?: boolean;
}

/** All that a view gives at once. */
const historyRowsMax = 100_000;
/** How often the directory is opened anew in a row because a writer has changed what was being read. */
const triesMax = 8;

/** Prints the lines, the timers sorted by id. */
export async function exportLines(context: CommandContext, options: ExportOptions): Promise<ExitCodeValue> {
  const { output, nowMs } = context;
  const offline = await openOffline(context);
  const { state } = offline;
  const rows = new ExportedHistory(context, offline);
  const hasHistory = options.history === true;
  let unfinished = 0;
  let redacted = 0;
  try {
    output.jsonLine(headLine(state, { uuid: offline.reading.uuid, nowMs, hasHistory }));
    context.progress.begin("writing timers", "timers", state.timers.size);
    for (const slot of slotsById(state)) {
      const line = timerLine(state, slot, options.secrets === true);
      output.jsonLine(line);
      context.progress.add(1, "timers");
      if (line.redacted !== undefined) redacted += 1;
      unfinished += state.timers.liveRuns.get(slot);
      if (!hasHistory) continue;
      for (const entry of await rows.of(state.timers.idOf(slot) ?? "")) output.jsonLine(historyLine(entry));
    }
  } finally {
    await rows.close();
  }
  if (unfinished > 0) {
    const what = unfinished === 1 ? "one run has not ended: it is" : `${unfinished} runs have not ended: they are`;
    output.message(`note: ${what} not in the export; \`kron backup\` keeps them`);
  }
  if (redacted > 0) {
    output.message(
      `note: ${counted(redacted, "timer")} had secrets, which are not in the export; an import refuses such lines until they are filled in, --secrets writes them out`,
    );
  }
  return reportReading(context, offline);
}

/** The history of timers as of when the export began, also when a writer changes the snapshot meanwhile. */
class ExportedHistory {
  readonly #context: CommandContext;
  readonly #asOfMs: number;
  #offline: Offline;

  constructor(context: CommandContext, offline: Offline) {
    this.#context = context;
    this.#asOfMs = offline.state.atMs;
    this.#offline = offline;
  }

  async of(id: string): Promise<HistoryEntry[]> {
    for (let tries = triesMax; ; tries -= 1) {
      const { state, history } = this.#offline;
      const slot = state.timers.slotOf(id);
      // A timer that was forgotten since has no history any more.
      if (slot === undefined) return [];
      try {
        return viewHistory(state, slot, { limit: historyRowsMax, before: this.#asOfMs + 1 }, history);
      } catch (error) {
        if (tries === 1 || !isKronError(error, "KRON_SNAPSHOT_FAILED")) throw error;
      }
      await this.close();
      this.#offline = await openOffline(this.#context);
    }
  }

  async close(): Promise<void> {
    await this.#offline.close();
  }
}

function slotsById({ timers }: State): number[] {
  const ids: (readonly [id: string, slot: number])[] = [];
  for (let slot = 0; slot < timers.slotCount; slot++) {
    const id = timers.idOf(slot);
    if (id !== undefined) ids.push([id, slot]);
  }
  return ids.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, slot]) => slot);
}
