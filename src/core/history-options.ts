/** The `history` option, which a runtime and a timer take alike. */

import { parseDuration } from "./duration.ts";
import type { HistoryPolicy } from "./history-policy.ts";
import { readCount, readOptions } from "./option-reader.ts";
import type { DurationInput } from "./options.ts";

/** How much history is kept. What is left out is as the runtime has it, and there as the defaults have it. */
export interface HistoryOptions {
  /** Finished occurrences of a timer, from 1 to 10,000,000; default 100. */
  readonly count?: number | undefined;
  /** Older ones are dropped; default 30 days. */
  readonly age?: DurationInput | undefined;
  /**
   * Bytes on the disk, from 4,096: of all timers together, where the default is 256 MiB and the oldest go first;
   * or, as an option of a timer, of that timer, where the default is no limit of its own.
   */
  readonly bytes?: number | undefined;
}

const names: ReadonlySet<string> = new Set(["count", "age", "bytes"]);
const countMax = 10_000_000;
const bytesMin = 4_096;

/** Reads the option; throws `KRON_OPTION_INVALID` or `KRON_DURATION_INVALID` naming the member that is wrong. */
export function readHistory(value: unknown): HistoryPolicy {
  const { count, age, bytes } = readOptions(value, "history", "history.", names);
  return {
    ...(count !== undefined && { count: readCount(count, "history.count", 1, countMax) }),
    // `parseDuration` takes any value, and refuses what is neither text nor number.
    ...(age !== undefined && { ageMs: parseDuration(age as string, "history.age", { minMs: 1 }) }),
    ...(bytes !== undefined && { bytes: readCount(bytes, "history.bytes", bytesMin, Number.MAX_SAFE_INTEGER) }),
  };
}
