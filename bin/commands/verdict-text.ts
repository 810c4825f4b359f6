/** What a reading of the journal found, in words. */

import type { JournalReading } from "../../src/journal/reader.ts";

/** How the journal ends, in one line. */
export function verdictText({ verdict }: JournalReading): string {
  switch (verdict.kind) {
    case "clean":
      return "clean, every checksum is good";
    case "torn":
      return `good up to an unfinished write at ${verdict.segment}:${verdict.offset}, in which nothing was acknowledged as synced`;
    case "corrupt": {
      const { firstIndex, lastIndex, segment, offset, fault } = verdict;
      return `DAMAGED: acknowledged entries ${firstIndex} to ${lastIndex} cannot be read, from ${segment}:${offset} on (${fault})`;
    }
    case "dropped":
      return `entries before ${verdict.firstIndex} were dropped behind a snapshot while this was read; read again`;
    default:
      return "there is no journal";
  }
}
