/** Whether the next start would get by with what a directory holds, and from where. */

import { isKronError } from "../../src/core/errors.ts";
import type { FoundJournal } from "../../src/journal/base.ts";
import { type JournalReading, readJournal } from "../../src/journal/reader.ts";
import { chooseExamined, type ExaminedSnapshot } from "../../src/snapshot/examine-snapshots.ts";
import type { SnapshotMeta } from "../../src/snapshot/meta.ts";
import type { ReadingContext } from "../../src/snapshot/read-snapshot.ts";
import { verdictText } from "./verdict-text.ts";

/** The next start, as far as the files say. */
export type Start =
  | { readonly isPossible: true; readonly from: "snapshot" | "older-snapshot" | "journal"; readonly baseIndex: number }
  | {
      readonly isPossible: false;
      readonly why: string;
      /** A writer has dropped meanwhile what was to be read: all of it has to be looked at again. */
      readonly isStale: boolean;
    };

/** Whether what was found is of different moments, as a writer was at work. */
export function isStale({ reading, start }: { readonly reading: JournalReading; readonly start: Start }): boolean {
  return reading.verdict.kind === "dropped" || (!start.isPossible && start.isStale);
}

/** What the audit has read already. */
export interface AuditedJournal {
  readonly reading: JournalReading;
  readonly baseIndex: number;
  /** The entry that could not be replayed; 0 for none. */
  readonly failedAt: number;
}

/** Judges by the rules of a start. Rejects with what the disk fails with. */
export async function judgeStart(
  context: ReadingContext,
  found: FoundJournal,
  snapshots: readonly ExaminedSnapshot[],
  audited: AuditedJournal,
): Promise<Start> {
  try {
    const choice = await chooseExamined(snapshots, found, context);
    const meta = choice.kind === "journal" ? undefined : choice.opened?.meta;
    const baseIndex = meta?.appliedIndex ?? 0;
    const reading = audited.baseIndex === baseIndex ? audited.reading : readFrom(context, meta);
    const { kind } = reading.verdict;
    const isStale = kind === "dropped";
    if (isStale || kind === "corrupt") return { isPossible: false, why: verdictText(reading), isStale };
    if (audited.failedAt > baseIndex) {
      return { isPossible: false, why: `entry ${audited.failedAt} cannot be replayed`, isStale };
    }
    const from = meta === undefined ? "journal" : choice.kind === "newest" ? "snapshot" : choice.kind;
    return { isPossible: true, from, baseIndex };
  } catch (error) {
    if (!isKronError(error)) throw error;
    return { isPossible: false, why: error.message, isStale: false };
  }
}

function readFrom({ directory, disk }: ReadingContext, meta: SnapshotMeta | undefined): JournalReading {
  const base =
    meta === undefined ? {} : { base: { index: meta.appliedIndex, term: meta.appliedTerm, uuid: meta.uuid } };
  return readJournal(directory, disk, () => undefined, base);
}
