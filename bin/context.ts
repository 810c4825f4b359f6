/** What every command is given: where to look, where to write, and what time it is. */

import { resolve } from "node:path";
import { parseInstant } from "../src/core/instant.ts";
import { type ColourDepth, colourDepth, hasUnicode } from "../src/core/palette.ts";
import type { Progress } from "../src/ports.ts";
import { CommandError, ExitCode } from "./exit-codes.ts";
import { Output } from "./output.ts";

/** The options that all commands share, as commander hands them over. */
export interface SharedOptions {
  readonly dataDir?: string;
  readonly json?: boolean;
  /** True when `--color` was given, false when `--no-color` was. */
  readonly color?: boolean;
  readonly tz?: string;
  readonly utc?: boolean;
  readonly now?: string;
  readonly offline?: boolean;
  readonly progress?: boolean;
}

/** The surroundings of one command. */
export interface CommandContext {
  readonly dataDir: string;
  readonly output: Output;
  /** What counts as now, in epoch milliseconds. */
  readonly nowMs: number;
  /** The zone asked for with `--tz` or `--utc`; undefined when neither was given. */
  readonly zoneName: string | undefined;
  /** Whether a runtime is to be left alone, and only files are looked at. */
  readonly isOffline: boolean;
  /** Where long work tells how far it is. */
  readonly progress: Progress;
}

/** Terminals that do not say how wide they are, as some over a serial line do not, count as so wide. */
const widthUnknown = 80;

/** The version of every JSON shape that the commands print; it changes when a field is renamed or removed. */
export const jsonVersion = 1;

/** Reads the shared options. Throws `KRON_OPTION_INVALID` and a `CommandError`. */
export function makeContext(options: SharedOptions): CommandContext {
  const output = makeOutput(options);
  return {
    dataDir: resolve(options.dataDir ?? (process.env.KRON_HOME || ".kron")),
    output,
    progress: output.progress,
    nowMs: options.now === undefined ? Date.now() : parseInstant(options.now, "--now"),
    zoneName: zoneNameOf(options),
    isOffline: options.offline === true,
  };
}

function zoneNameOf({ tz, utc }: SharedOptions): string | undefined {
  if (utc !== true) return tz;
  if (tz === undefined) return "UTC";
  throw new CommandError(ExitCode.USAGE, "Expected either --utc or --tz, got both");
}

/** The output that `options` ask for, which can be made before they are checked. */
export function makeOutput(options: SharedOptions): Output {
  const { stdout, stderr, env } = process;
  const depth = (isTerminal: boolean): ColourDepth => colourDepth(env, isTerminal, options.color);
  const isJson = options.json === true;
  return new Output({
    isJson,
    depth: depth(stdout.isTTY === true),
    messageDepth: depth(stderr.isTTY === true),
    width: stdout.isTTY === true ? stdout.columns || widthUnknown : undefined,
    messageWidth: stderr.isTTY === true ? stderr.columns || widthUnknown : undefined,
    showsProgress: !isJson && (stderr.isTTY === true || options.progress === true),
    isUnicode: hasUnicode(env),
  });
}

/** The zone in which people here read times. */
export function localZoneName(): string {
  // Node has none, or "Etc/Unknown", where TZ names what nobody knows.
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions() as { readonly timeZone?: string };
  return timeZone ?? "UTC";
}
