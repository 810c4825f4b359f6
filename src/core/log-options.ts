/** The `logs` option of a runtime: how much output of runs is kept. */

import { parseDuration } from "./duration.ts";
import { readCount, readOptions } from "./option-reader.ts";
import type { DurationInput } from "./options.ts";
import { readByteSize } from "./target-options.ts";

/** How much output of modules and commands is kept, a file for each run. Sizes are bytes or texts such as `"1MB"`. */
export interface LogOptions {
  /** Output of one run; what comes after it is dropped. From 4 KiB to 1 GiB; default 1 MiB. */
  readonly runBytes?: number | string | undefined;
  /** Runs of a timer, from 1 to 1,000; default 20. */
  readonly runs?: number | undefined;
  /** Older output is removed; default 7 days. */
  readonly age?: DurationInput | undefined;
  /** Output of all timers together, from 4 KiB; default 64 MiB. The oldest goes first. */
  readonly bytes?: number | string | undefined;
}

/** The option with its defaults. */
export interface LogSettings {
  /** Of one run. */
  readonly runBytes: number;
  /** Runs of one timer. */
  readonly runs: number;
  readonly ageMs: number;
  /** Of all timers together, as the files take up space. */
  readonly bytes: number;
}

const names: ReadonlySet<string> = new Set(["runBytes", "runs", "age", "bytes"]);
const runsMax = 1_000;
const bytesMin = 4_096;
const mebi = 1024 * 1024;

/** Reads the option; throws `KRON_OPTION_INVALID` or `KRON_DURATION_INVALID` naming the member that is wrong. */
export function readLogs(value: unknown): LogSettings {
  const { runBytes, runs, age, bytes } = readOptions(value, "logs", "logs.", names);
  return {
    runBytes: readSize(runBytes ?? mebi, "logs.runBytes", 1024 * mebi),
    runs: readCount(runs ?? 20, "logs.runs", 1, runsMax),
    // `parseDuration` takes any value, and refuses what is neither text nor number.
    ageMs: parseDuration((age ?? "7d") as string, "logs.age", { minMs: 1 }),
    bytes: readSize(bytes ?? 64 * mebi, "logs.bytes", Number.MAX_SAFE_INTEGER),
  };
}

function readSize(value: unknown, what: string, bytesMax: number): number {
  return readCount(readByteSize(value, what), what, bytesMin, bytesMax);
}
