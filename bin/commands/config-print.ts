/** `kron config print`: what a configuration comes to, and where each part of it was said. Secrets are left out. */

import { formatDuration } from "../../src/core/duration.ts";
import { redacted } from "../../src/core/secrets.ts";
import type { Config } from "../../src/runtime/config.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { jsonText } from "../output.ts";
import { counted, printable } from "../printable.ts";
import { type Cell, type Column, printTable, type Table } from "../table.ts";
import { type ConfigOptions, commandConfig } from "./command-config.ts";

/** The value of an option, and where it comes from. */
export interface ShownOption {
  readonly value: unknown;
  readonly origin: string;
  readonly place: string;
}

/** What holds where nothing is said; the rest is decided by the runtime. */
const defaults: Readonly<Record<string, unknown>> = {
  ...{ durability: "always", profile: "standard", concurrency: 64, queueMax: 10_000, snapshot: "auto" },
  ...{ timezone: "UTC", logLevel: "info" },
};
const columns: readonly Column[] = [
  { heading: "OPTION" },
  { heading: "VALUE", widthMin: 12 },
  { heading: "FROM", widthMin: 10, priority: 1 },
];

/** Prints the configuration. */
export async function configPrint(context: CommandContext, options: ConfigOptions): Promise<ExitCodeValue> {
  const { output } = context;
  const config = await commandConfig(context, options);
  const shown = shownOptions(config);
  const timers = Object.fromEntries(config.timers.map((timer) => [timer.id, redacted(timer.options)]));
  if (output.options.isJson) {
    const { file = null, source, dataDir } = config;
    output.json({ version: jsonVersion, command: "config print", dataDir, file, source, options: shown, timers });
    return ExitCode.OK;
  }
  output.line(`file: ${config.file === undefined ? "none" : printable(config.file)}`);
  output.line();
  printTable(output, optionsTable(shown));
  output.line();
  output.line(`${counted(config.timers.length, "timer")}${config.timers.length > 0 ? ":" : ""}`);
  for (const [id, timer] of Object.entries(timers)) output.line(`  ${printable(id)}  ${jsonText(timer)}`);
  return ExitCode.OK;
}

/** Options in one line each. */
export function optionsTable(shown: Readonly<Record<string, ShownOption>>): Table {
  const rows = Object.entries(shown).map(([name, { value, origin, place }]): Cell[] => {
    const from = origin === "flag" || origin === "environment" ? place : origin;
    return [name, typeof value === "string" ? value : jsonText(value), [from, origin === "default" ? "dim" : "plain"]];
  });
  return { columns, rows };
}

function shownOptions({ layers, dataDir, baseDir, drainMs }: Config): Record<string, ShownOption> {
  const computed: Readonly<Record<string, unknown>> = { dataDir, baseDir, drain: formatDuration(drainMs) };
  const names = [...new Set([...Object.keys(computed), ...Object.keys(defaults), ...layers.keys()])].sort();
  return Object.fromEntries(
    names.map((name) => {
      const layer = layers.get(name);
      const value = redacted(computed[name] ?? layer?.value ?? defaults[name], name);
      return [name, { value, origin: layer?.origin ?? "default", place: layer?.place ?? "" }];
    }),
  );
}
