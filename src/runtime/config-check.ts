/** A configuration put together from its layers and checked as a whole: all that is wrong is told at once. */

import type { RuntimeOptions } from "../config.ts";
import { describe, quote } from "../core/describe.ts";
import { parseDuration } from "../core/duration.ts";
import { isKronError, KronError } from "../core/errors.ts";
import { type LogLevel, logLevels } from "../core/log-levels.ts";
import { isPlainObject, readChoice, readText } from "../core/option-reader.ts";
import { didYouMean } from "../core/suggest.ts";
import type { Zones } from "../core/zone.ts";
import { checkKronOptions, type KronOptions } from "../kron-options.ts";
import type { Environment } from "../runners/environment.ts";
import { Recurrences } from "../supervisor/recurrences.ts";
import { type ConfigFlags, type LayeredValue, layeredOptions } from "./config-layers.ts";
import { type ConfigProblem, type ConfiguredTimer, readConfigTimers } from "./config-timers.ts";

/** What a configuration is made from. */
export interface ConfigLayers {
  /** The path of the file; undefined when there is none. */
  readonly file: string | undefined;
  /** What the file exports; undefined when there is none. */
  readonly exported: unknown;
  readonly flags: ConfigFlags;
  readonly environment: Environment;
}

/** A configuration in which nothing is wrong. */
export interface CheckedConfig {
  readonly file: string | undefined;
  readonly name: string | undefined;
  /** Every option that is set somewhere, but for the timers. */
  readonly layers: ReadonlyMap<string, LayeredValue>;
  /** As `new Kron()` takes them. Paths are still as they were given. */
  readonly runtime: RuntimeOptions;
  readonly timezone: string | undefined;
  readonly logLevel: LogLevel | undefined;
  readonly drainMs: number;
  readonly timers: readonly ConfiguredTimer[];
}

const runtimeNames: readonly (keyof RuntimeOptions)[] = [
  ...(["dataDir", "baseDir", "durability", "profile", "concurrency", "queueMax"] as const),
  ...(["checkpoint", "history", "logs", "threads", "snapshot", "segmentBytes"] as const),
];
const ownNames = ["name", "timezone", "logLevel", "drain", "timers"] as const;
const names: ReadonlySet<string> = new Set([...runtimeNames, ...ownNames]);
/** Options of `new Kron()` that a file cannot give. */
const codeOnly: ReadonlySet<string> = new Set(["logger", "clock", "disk", "keepAlive", "orphanGrace", "ipc"]);
const drainMsDefault = 30_000;
const drainMsMax = 24 * 3_600_000;
const nameLengthMax = 4_096;

/** Checks a configuration. Throws `KRON_CONFIG_INVALID` with `details: { file, problems: [{ path, message, hint? }] }`. */
export function checkConfig({ file, exported, flags, environment }: ConfigLayers, zones: Zones): CheckedConfig {
  const problems: ConfigProblem[] = [];
  const attempt = <Value>(path: string, read: () => Value): Value | undefined => {
    try {
      return read();
    } catch (error) {
      if (!isKronError(error)) throw error;
      problems.push({ path: pathIn(path, error), message: error.message, ...(error.hint && { hint: error.hint }) });
      return undefined;
    }
  };
  const given = exported ?? {};
  if (!isPlainObject(given)) {
    const message = `Expected the configuration to be a plain object, got ${describe(given)}`;
    const hint = "Write export default defineConfig({ … }), or module.exports = { … }";
    throw invalid(file, [{ path: "default", message, hint }]);
  }
  problems.push(...unknownNames(given));
  const layers = layeredOptions(flags, environment, given);
  const runtime: Record<string, unknown> = {};
  for (const name of runtimeNames) {
    const layer = layers.get(name);
    if (layer === undefined) continue;
    runtime[name] = layer.value;
    attempt(layer.place, () => checkKronOptions({ [name]: layer.value } as KronOptions));
  }
  const read = <Value>(name: string, reader: (value: unknown) => Value): Value | undefined => {
    const layer = layers.get(name);
    return layer === undefined ? undefined : attempt(layer.place, () => reader(layer.value));
  };
  const timezone = read("timezone", (value) => zones.get(readText(value, "timezone", 100)).name);
  const config = {
    ...{ file, layers, runtime, timezone },
    name: read("name", (value) => readText(value, "name", nameLengthMax)),
    logLevel: read("logLevel", (value) => readChoice(lowerCase(value), "logLevel", logLevels)),
    drainMs: read("drain", (value) => parseDuration(value as string, "drain", { maxMs: drainMsMax })) ?? drainMsDefault,
  };
  const { timers, problems: wrongTimers } = readConfigTimers(given.timers, timezone, new Recurrences(zones));
  problems.push(...wrongTimers);
  if (problems.length > 0) throw invalid(file, problems);
  return { ...config, layers: withoutTimers(layers), timers };
}

function unknownNames(given: Readonly<Record<string, unknown>>): ConfigProblem[] {
  return Object.keys(given)
    .filter((name) => !names.has(name))
    .map((name) => {
      const hint = codeOnly.has(name)
        ? "It is an option of new Kron(), which only code can give"
        : (didYouMean(name, names) ?? `Options are ${[...names].join(", ")}`);
      return { path: name, message: `Expected an option of a configuration, got ${quote(name)}`, hint };
    });
}

/** Where in the file it is: `checkpoint.every` rather than `checkpoint`. Flags and variables stay what they are. */
function pathIn(place: string, { details }: KronError): string {
  const option = details?.option;
  return typeof option === "string" && option.startsWith(`${place}.`) ? option : place;
}

function withoutTimers(layers: ReadonlyMap<string, LayeredValue>): ReadonlyMap<string, LayeredValue> {
  return new Map([...layers].filter(([name]) => name !== "timers"));
}

function lowerCase(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

function invalid(file: string | undefined, problems: readonly ConfigProblem[]): KronError {
  const [first] = problems;
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : "";
  const where = file === undefined ? "the configuration" : file;
  return new KronError("KRON_CONFIG_INVALID", `${where}: ${first?.path}: ${first?.message}${more}`, {
    ...(first?.hint !== undefined && problems.length === 1 && { hint: first.hint }),
    details: { file, problems },
  });
}
