/** `kron export`: all timers, and their history if asked for, as lines of JSON. */

import type { State } from "../../src/core/state.ts";
import { viewHistory } from "../../src/supervisor/views.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { counted } from "../printable.ts";
import { headLine, historyLine, timerLine } from "./export-format.ts";
import { openOffline, reportReading } from "./offline.ts";

/** Options of `kron export`. */
export interface ExportOptions {
  readonly history?: boolean;
}

/** All that a view gives at once. */
const historyRowsMax = 100_000;

/** Prints the lines, the timers sorted by id. */
export async function exportLines(context: CommandContext, options: ExportOptions): Promise<ExitCodeValue> {
  const offline = await openOffline(context);
  const { state, history } = offline;
  const { output, nowMs } = context;
  const hasHistory = options.history === true;
  output.jsonLine(headLine(state, { uuid: offline.reading.uuid, nowMs, hasHistory }));
  let unfinished = 0;
  for (const slot of slotsById(state)) {
    output.jsonLine(timerLine(state, slot));
    unfinished += state.timers.liveRuns.get(slot);
    if (!hasHistory) continue;
    for (const entry of viewHistory(state, slot, { limit: historyRowsMax }, history)) {
      output.jsonLine(historyLine(entry));
    }
  }
  if (unfinished > 0) {
    const what =
      unfinished === 1 ? "one run has not ended: it is" : `${counted(unfinished, "run")} have not ended: they are`;
    output.message(`note: ${what} not in the export; \`kron backup\` keeps them`);
  }
  return reportReading(context, offline);
}

function slotsById({ timers }: State): number[] {
  const ids: (readonly [id: string, slot: number])[] = [];
  for (let slot = 0; slot < timers.slotCount; slot++) {
    const id = timers.idOf(slot);
    if (id !== undefined) ids.push([id, slot]);
  }
  return ids.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, slot]) => slot);
}
