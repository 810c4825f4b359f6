/** Which segments have to be read for the entries from some index on. */

import type { Survey } from "./survey.ts";

/** Where a reading begins. */
export interface ReadingPlan {
  /** The place of the first sealed segment to read; their number when none has to be. */
  readonly position: number;
  /** The index that the first entry read must have. */
  readonly chainFirst: number;
  /** Entries from here on are wanted. */
  readonly wanted: number;
}

/** The shortest reading that gives all entries from `from` on, or from the first that the journal has to hold. */
export function planReading(
  { sealed, activeFirst, firstIndex }: Pick<Survey, "sealed" | "activeFirst" | "firstIndex">,
  from: number,
): ReadingPlan {
  const wanted = Math.max(firstIndex, from);
  const newest = sealed.at(-1);
  // Beside a live writer the active segment opened here may have been sealed since; it is then among them.
  const isActiveLast = activeFirst !== undefined && (newest === undefined || newest.firstIndex < activeFirst);
  if (isActiveLast && activeFirst <= wanted) return { position: sealed.length, chainFirst: activeFirst, wanted };
  const position = sealed.findLastIndex((segment) => segment.firstIndex <= wanted);
  const first = sealed[position];
  if (first !== undefined) return { position, chainFirst: first.firstIndex, wanted };
  // Without any entry the journal ends in front of its first index; else what is wanted and not there is missing.
  const isEmpty = sealed.length === 0 && activeFirst === undefined;
  return { position: 0, chainFirst: isEmpty ? firstIndex : wanted, wanted };
}
