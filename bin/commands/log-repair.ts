/** `kron log repair`: cuts a damaged journal before the damage, once the loss is accepted. The only command that writes. */

import { nodeDisk } from "../../src/journal/node-disk.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { repairJournal } from "../../src/journal/repair.ts";
import { systemClock } from "../../src/system.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { checkDirectory, checkThere } from "./offline.ts";

/** Options of `kron log repair`. */
export interface LogRepairOptions {
  readonly acceptLoss?: boolean;
}

/** Repairs, or says what a repair would cost. */
export function logRepair(context: CommandContext, options: LogRepairOptions): ExitCodeValue {
  const { dataDir, output } = context;
  checkDirectory(dataDir);
  // Asked for first, so that a directory without a journal is not given a lock file.
  checkThere(
    dataDir,
    readJournal(dataDir, nodeDisk, () => undefined),
  );
  const acceptLoss = options.acceptLoss === true;
  const { outcome, damage, lastIndex, setAside } = repairJournal(dataDir, nodeDisk, {
    acceptLoss,
    clock: systemClock(),
  });
  if (output.options.isJson) {
    output.json({ version: jsonVersion, command: "log repair", dataDir, outcome, damage, lastIndex, setAside });
  } else if (damage === undefined) {
    output.line("nothing to do: all that was acknowledged is there");
  } else {
    const { firstIndex, lastIndex: lastLost, segment, offset, fault } = damage;
    const lost = `entries ${firstIndex} to ${lastLost}`;
    output.line(`damage:    ${lost}, from ${segment}:${offset} on (${fault})`);
    output.line(`kept:      ${lastIndex === 0 ? "nothing" : `everything up to entry ${lastIndex}`}`);
    for (const path of setAside) output.line(`set aside: ${printable(path)}`);
    output.line(outcome === "repaired" ? `repaired, ${lost} are lost` : "nothing was changed");
  }
  if (outcome !== "loss not accepted") return ExitCode.OK;
  output.message("hint: restore a backup, or give up what is damaged with `kron log repair --accept-loss`");
  return ExitCode.PROBLEMS;
}
