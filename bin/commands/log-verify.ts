/** `kron log verify`: reads every frame of every segment, and says whether all that was acknowledged is there. */

import { nodeDisk } from "../../src/journal/node-disk.ts";
import { type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { checkDirectory, checkThere } from "./offline.ts";
import { bytesText, verdictText } from "./verdict-text.ts";

/** Prints the verdict. */
export function logVerify(context: CommandContext): ExitCodeValue {
  const { dataDir, output } = context;
  checkDirectory(dataDir);
  let records = 0;
  const reading = readJournal(dataDir, nodeDisk, (_index, _term, entry) => {
    records += entry.length - 1;
  });
  checkThere(dataDir, reading);
  if (output.options.isJson) {
    output.json({ version: jsonVersion, command: "log verify", dataDir, ...readingJson(reading), records });
  } else {
    const { entries, firstIndex, lastIndex, durableIndex, segments, bytes } = reading;
    output.line(`segments:  ${segments} (${bytesText(bytes)})`);
    output.line(`entries:   ${entries}${entries === 0 ? "" : ` (${firstIndex} to ${lastIndex})`}, ${records} records`);
    output.line(`synced:    up to entry ${durableIndex} at least`);
    output.line(`verdict:   ${verdictText(reading)}`);
  }
  return reading.verdict.kind === "corrupt" ? ExitCode.PROBLEMS : ExitCode.OK;
}

/** A reading as JSON; the journal's id as hexadecimal digits. */
export function readingJson(reading: JournalReading): object {
  const { uuid, ...rest } = reading;
  return { ...rest, uuid: uuid === undefined ? null : Buffer.from(uuid).toString("hex") };
}
