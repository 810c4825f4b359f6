/** What the end of a journal means: a clean end, a torn write, or damage to what was acknowledged. */

import { KronError } from "../core/errors.ts";

/** Acknowledged data that is not there or not readable. */
export interface Damage {
  readonly segment: string;
  readonly offset: number;
  /** The first and last index that are known to have been durable and cannot be read. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly fault: string;
}

/** The error for damage: nothing was changed, and here is where it is. */
export function corruptError(directory: string, damage: Damage): KronError {
  const { segment, offset, firstIndex, lastIndex, fault } = damage;
  return new KronError(
    "KRON_JOURNAL_CORRUPT",
    `Acknowledged entries ${firstIndex} to ${lastIndex} are damaged or missing in ${directory} at ${segment}:${offset} (${fault})`,
    {
      hint: "Restore a backup, or keep what is before the damage with `kron log repair --accept-loss`",
      details: { ...damage },
    },
  );
}
