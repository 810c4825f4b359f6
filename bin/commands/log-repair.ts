/** `kron log repair`: cuts a damaged journal before the damage, once the loss is accepted, and takes the lock for it. */

import { nodeDisk } from "../../src/journal/node-disk.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { type RepairReport, repairJournal } from "../../src/journal/repair.ts";
import { systemClock } from "../../src/system.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { checkDirectory, checkThere } from "./offline.ts";
import { readBase } from "./read-directory.ts";

/** Options of `kron log repair`. */
export interface LogRepairOptions {
  readonly acceptLoss?: boolean;
}

/** Entries that are in neither the journal nor the snapshot any more. */
interface Lost {
  readonly firstIndex: number;
  readonly lastIndex: number;
}

/**
 * Repairs, or says what a repair would cost. Rejects with `KRON_DIR_LOCKED`, and, as cutting the journal would not
 * help then, with what keeps the snapshot from being used.
 */
export async function logRepair(context: CommandContext, options: LogRepairOptions): Promise<ExitCodeValue> {
  const { dataDir, output } = context;
  checkDirectory(dataDir);
  const clock = systemClock();
  const base = await readBase(dataDir, nodeDisk, clock);
  // Asked for first, so that a directory without a journal is not given a lock file.
  if (base === undefined) {
    checkThere(
      dataDir,
      readJournal(dataDir, nodeDisk, () => undefined),
    );
  }
  const acceptLoss = options.acceptLoss === true;
  const report = repairJournal(dataDir, nodeDisk, { acceptLoss, clock, base });
  const { outcome, damage, lastIndex, setAside } = report;
  const lost = lostOf(report);
  if (output.options.isJson) {
    const shown = { outcome, damage, lost: lost ?? null, snapshotIndex: base?.index ?? 0, lastIndex, setAside };
    output.json({ version: jsonVersion, command: "log repair", dataDir, ...shown });
  } else print(context, report, lost);
  if (outcome !== "loss not accepted") return ExitCode.OK;
  output.message("hint: restore a backup, or give up what is damaged with `kron log repair --accept-loss`");
  return ExitCode.PROBLEMS;
}

/** What the snapshot holds is not lost, however damaged it is in the journal. */
function lostOf({ damage, lastIndex }: RepairReport): Lost | undefined {
  if (damage === undefined || damage.lastIndex <= lastIndex) return undefined;
  return { firstIndex: Math.max(damage.firstIndex, lastIndex + 1), lastIndex: damage.lastIndex };
}

function print({ output }: CommandContext, report: RepairReport, lost: Lost | undefined): void {
  const { outcome, damage, lastIndex, setAside } = report;
  if (damage === undefined) {
    output.line("nothing to do: all that was acknowledged is there");
    return;
  }
  const { firstIndex, lastIndex: lastDamaged, segment, offset, fault } = damage;
  const text = lost === undefined ? "nothing is" : `entries ${lost.firstIndex} to ${lost.lastIndex} are`;
  output.line(`damage:    entries ${firstIndex} to ${lastDamaged}, from ${segment}:${offset} on (${fault})`);
  output.line(`kept:      ${lastIndex === 0 ? "nothing" : `everything up to entry ${lastIndex}`}`);
  if (lost === undefined) output.line("           the snapshot holds what is damaged");
  for (const path of setAside) output.line(`set aside: ${printable(path)}`);
  output.line(outcome === "repaired" ? `repaired, ${text} lost` : "nothing was changed");
}
