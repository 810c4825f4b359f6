/** What every command is given: where to look, where to write, and what time it is. */

import { resolve } from "node:path";
import { parseInstant } from "../src/core/instant.ts";
import { Output } from "./output.ts";

/** The options that all commands share, as commander hands them over. */
export interface SharedOptions {
  readonly dataDir?: string;
  readonly json?: boolean;
  /** False when `--no-color` was given. */
  readonly color?: boolean;
  readonly tz?: string;
  readonly now?: string;
  readonly offline?: boolean;
}

/** The surroundings of one command. */
export interface CommandContext {
  readonly dataDir: string;
  readonly output: Output;
  /** What counts as now, in epoch milliseconds. */
  readonly nowMs: number;
  /** The zone asked for with `--tz`; undefined when it was not given. */
  readonly zoneName: string | undefined;
  /** Whether a runtime is to be left alone, and only files are looked at. */
  readonly isOffline: boolean;
}

/** The version of every JSON shape that the commands print; it changes when a field is renamed or removed. */
export const jsonVersion = 1;

/** Reads the shared options. Throws `KRON_OPTION_INVALID`. */
export function makeContext(options: SharedOptions): CommandContext {
  return {
    dataDir: resolve(options.dataDir ?? (process.env.KRON_HOME || ".kron")),
    output: makeOutput(options),
    nowMs: options.now === undefined ? Date.now() : parseInstant(options.now, "--now"),
    zoneName: options.tz,
    isOffline: options.offline === true,
  };
}

/** The output that `options` ask for, which can be made before they are checked. */
export function makeOutput(options: SharedOptions): Output {
  const isTerminal = process.stdout.isTTY === true;
  return new Output({
    isJson: options.json === true,
    useColor: options.color !== false && wantsColor(isTerminal),
    width: isTerminal ? process.stdout.columns : undefined,
  });
}

/** The zone in which people here read times. */
export function localZoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** https://no-color.org, and its counterpart that Node itself knows. */
function wantsColor(isTerminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return isTerminal && TERM !== "dumb";
}
