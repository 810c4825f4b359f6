/** `kron restore <file>`: makes a data directory of a backup. */

import { resolve } from "node:path";
import { Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { displayZone } from "../display-zone.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { type LabelledText, printLabelled } from "../labelled-lines.ts";
import { counted, printable } from "../printable.ts";
import { fullTime } from "../times.ts";
import { openBackup } from "./backup-check.ts";
import { makeDirectoryOf, requireVacant } from "./restored-directory.ts";

/** Restores the backup in `file` to the data directory, which must be vacant. */
export async function restore(context: CommandContext, file: string): Promise<ExitCodeValue> {
  const { dataDir, output, nowMs } = context;
  requireVacant(dataDir);
  const path = resolve(file);
  const backup = await openBackup(path, context.progress);
  const { meta, state } = backup;
  try {
    const { uuid, kind } = await makeDirectoryOf(backup, dataDir, context.progress);
    const source = Buffer.from(meta.uuid).toString("hex");
    const unfinished = state.runs.size;
    if (output.options.isJson) {
      output.json({
        ...{ version: jsonVersion, command: "restore", dataDir, file: path, source, uuid, snapshot: kind },
        ...{ asOfEntry: meta.appliedIndex, asOfMs: meta.atMs, timers: meta.timerCount, unfinishedRuns: unfinished },
      });
    } else {
      const zone = displayZone(context, new Zones(intlOffsetSource()));
      const lost = `${counted(unfinished, "run")}; attempts under way count as lost`;
      const lines: LabelledText[] = [
        ["restored:", printable(dataDir)],
        ["as of:", `entry ${meta.appliedIndex}, ${fullTime(meta.atMs, zone, nowMs)}`],
        ["timers:", String(meta.timerCount)],
        ...(unfinished > 0 ? [["unfinished: ", lost] as const] : []),
        ["journal:", `${uuid}, in the place of ${source}`],
      ];
      printLabelled(output, lines);
      output.message(
        "note: this is a copy. Never run it and the original both: each would run every timer. What the original did after the backup is not known here and will be done again",
      );
    }
    return ExitCode.OK;
  } finally {
    await backup.store.close();
  }
}
