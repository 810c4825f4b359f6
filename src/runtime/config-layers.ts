/**
 * Where the options of a configuration come from: flags go before variables of the environment, these before the
 * file, and the file before the default.
 */

import type { Environment } from "../runners/environment.ts";

/** Where a value comes from. */
export type ConfigOrigin = "flag" | "environment" | "file" | "default";

/** An option that can be given in other ways than by the file. */
export interface AmbientOption {
  readonly option: string;
  readonly flag: string;
  readonly variable: string;
  readonly isCount?: boolean;
}

/** What was given with flags, by the names of the options. */
export type ConfigFlags = Readonly<Record<string, string | undefined>>;

/** Every option that has a flag and a variable. */
export const ambientOptions: readonly AmbientOption[] = [
  { option: "dataDir", flag: "--data-dir", variable: "KRON_HOME" },
  { option: "timezone", flag: "--timezone", variable: "KRON_TZ" },
  { option: "logLevel", flag: "--log-level", variable: "KRON_LOG_LEVEL" },
  { option: "concurrency", flag: "--concurrency", variable: "KRON_CONCURRENCY", isCount: true },
  { option: "durability", flag: "--durability", variable: "KRON_DURABILITY" },
  { option: "drain", flag: "--drain", variable: "KRON_DRAIN" },
];

/** An option with what it was set to, and how people call the place where that was done. */
export interface LayeredValue {
  readonly value: unknown;
  readonly origin: ConfigOrigin;
  /** `--drain`, `KRON_DRAIN`, or the option's own name. */
  readonly place: string;
}

/** The options that are set anywhere, each from the place that counts. An empty variable is one that is not set. */
export function layeredOptions(
  flags: ConfigFlags,
  environment: Environment,
  file: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, LayeredValue> {
  const options = new Map<string, LayeredValue>();
  for (const [option, value] of Object.entries(file)) {
    if (value !== undefined) options.set(option, { value, origin: "file", place: option });
  }
  for (const { option, flag, variable, isCount } of ambientOptions) {
    const [text, origin, place] =
      flags[option] !== undefined
        ? [flags[option], "flag" as const, flag]
        : [environment[variable], "environment" as const, variable];
    if (text === undefined || (text === "" && origin === "environment")) continue;
    options.set(option, { value: isCount === true ? countOf(text) : text, origin, place });
  }
  return options;
}

/** A number where the text is one; else the text, which whoever checks the option then refuses. */
function countOf(text: string): unknown {
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}
