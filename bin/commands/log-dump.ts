/** `kron log dump`: every entry of the journal as one line of JSON, with the names of its fields. */

import { decodeDefinition } from "../../src/core/definition.ts";
import { isKronError } from "../../src/core/errors.ts";
import { formatInstant } from "../../src/core/instant.ts";
import { type Entry, kindName, type LogRecord } from "../../src/core/record.ts";
import { recordFields } from "../../src/core/record-shape.ts";
import { redactDefinition } from "../../src/core/redact.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { type EntryWhere, type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { readCount } from "../numbers.ts";
import { checkDirectory, checkThere } from "./offline.ts";

/** Options of `kron log dump`. */
export interface LogDumpOptions {
  /** The first and last index wanted. */
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
}

/** How often the dump goes on behind what a writer has dropped. */
const triesMax = 4;

/** Ends a reading when all that was wanted has been seen. */
class Enough extends Error {}

/** Prints the entries. */
export function logDump(context: CommandContext, options: LogDumpOptions): ExitCodeValue {
  const from = readCount(options.from, "--from", 1, 1, Number.MAX_SAFE_INTEGER);
  const to = readCount(options.to, "--to", Number.MAX_SAFE_INTEGER, 1, Number.MAX_SAFE_INTEGER);
  const limit = readCount(options.limit, "--limit", Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER);
  checkDirectory(context.dataDir);
  let count = 0;
  let next = from;
  const onEntry = (index: number, term: number, entry: Entry, where: EntryWhere): void => {
    if (index > to || count >= limit) throw new Enough("All entries that were wanted have been printed");
    if (index > next) tellDropped(context, options.from === undefined && next === 1 ? index : next, index);
    next = index + 1;
    count += 1;
    context.output.jsonLine(entryJson(index, term, entry, where));
  };
  let reading = readUntilEnough(context.dataDir, next, onEntry);
  for (let tries = triesMax; reading?.verdict.kind === "dropped" && tries > 1; tries -= 1) {
    reading = readUntilEnough(context.dataDir, next, onEntry);
  }
  if (reading === undefined) return ExitCode.OK;
  checkThere(context.dataDir, reading);
  if (reading.verdict.kind !== "corrupt") return ExitCode.OK;
  const { segment, offset, firstIndex, lastIndex } = reading.verdict;
  context.output.message(
    `kron: acknowledged entries ${firstIndex} to ${lastIndex} cannot be read (${segment}:${offset}), the dump ends before them`,
  );
  return ExitCode.PROBLEMS;
}

/** Entries that are wanted and were dropped behind a snapshot, before the dump began or while it went on. */
function tellDropped({ output }: CommandContext, firstIndex: number, index: number): void {
  if (firstIndex === index) return;
  output.message(
    `kron: entries ${firstIndex} to ${index - 1} are no longer in the journal; a snapshot holds what they did`,
  );
}

function readUntilEnough(
  directory: string,
  from: number,
  onEntry: Parameters<typeof readJournal>[2],
): JournalReading | undefined {
  try {
    return readJournal(directory, nodeDisk, onEntry, { from });
  } catch (error) {
    if (error instanceof Enough) return undefined;
    throw error;
  }
}

function entryJson(index: number, term: number, entry: Entry, where: EntryWhere): object {
  const [atMs, ...records] = entry;
  return {
    ...{ version: jsonVersion, index, term, atMs, at: timeText(atMs), ...where },
    records: records.map(recordJson),
  };
}

function timeText(atMs: number): string | null {
  // The log may hold any whole number; only those that are dates have a text.
  return atMs <= 8.64e15 ? formatInstant(atMs) : null;
}

function recordJson(record: LogRecord): object {
  const json: Record<string, unknown> = { kind: kindName(record[0]) };
  const fields = recordFields(record[0]) ?? [];
  for (let at = 0; at < record.length - 1; at++) {
    const name = fields[at]?.[0] ?? "";
    json[name] = name === "definition" ? definitionJson(record[at + 1]) : record[at + 1];
  }
  return json;
}

/** A definition in words and without secrets, or the number of one that was given before. */
function definitionJson(field: unknown): unknown {
  if (typeof field === "number") return field;
  try {
    return redactDefinition(decodeDefinition(field));
  } catch (error) {
    // What cannot be read is shown as it stands.
    if (isKronError(error)) return field;
    throw error;
  }
}
