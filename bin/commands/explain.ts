/** `kron explain "<cron>"`: a cron expression in words, its fields, its next due times, and what clock changes do. */

import { compileCron, type DayMatch, type DstPolicy } from "../../src/core/cron.ts";
import { parseCron } from "../../src/core/cron-parse.ts";
import { isKronError } from "../../src/core/errors.ts";
import { stableHash } from "../../src/core/hash.ts";
import { formatInstant } from "../../src/core/instant.ts";
import { type Zone, Zones } from "../../src/core/zone.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type ClockChange, findClockChanges } from "../clock-changes.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { cronFieldTexts } from "../cron-fields-text.ts";
import { type DisplayZone, labelledZone } from "../display-zone.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { readCount } from "../numbers.ts";
import { printable } from "../printable.ts";
import { fullTime, localTime, localTimeJson } from "../times.ts";

/** Options of `kron explain`. */
export interface ExplainOptions {
  readonly next?: string;
  readonly dst?: DstPolicy;
  readonly dayMatch?: DayMatch;
  /** The timer id from which `H` is derived. */
  readonly id?: string;
}

const countDefault = 10;
const yearMs = 366 * 86_400_000;

/** Explains `expression` in the zone of `--tz`, UTC by default, as `schedule()` has it. */
export function explain(context: CommandContext, expression: string, options: ExplainOptions): ExitCodeValue {
  const count = readCount(options.next, "--next", countDefault, 0, 100_000);
  const zones = new Zones(intlOffsetSource());
  const zone = zones.get(context.zoneName ?? "UTC");
  const asked = {
    dst: options.dst ?? ("vixie" as const),
    dayMatch: options.dayMatch ?? ("or" as const),
    hashSeed: options.id === undefined ? 0 : stableHash(options.id),
  };
  const explained = explainWithPlace(context, expression, () => work(expression, zone, zones, asked, count, context));
  if (context.output.options.isJson) printJson(context, explained);
  else print(context, explained);
  return ExitCode.OK;
}

interface Asked {
  readonly dst: DstPolicy;
  readonly dayMatch: DayMatch;
  readonly hashSeed: number;
}

interface Explained extends Asked {
  readonly expression: string;
  readonly zone: Zone;
  readonly description: string;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly next: readonly number[];
  readonly changes: readonly ClockChange[];
}

function work(
  expression: string,
  zone: Zone,
  zones: Zones,
  asked: Asked,
  count: number,
  { nowMs }: CommandContext,
): Explained {
  const cron = compileCron(expression, { zone, ...asked });
  const next: number[] = [];
  for (let atMs = cron.next(nowMs); atMs !== undefined && next.length < count; atMs = cron.next(atMs)) next.push(atMs);
  const parsed = parseCron(expression, asked.hashSeed);
  const base = { ...asked, expression, zone, description: cron.describe(), next };
  if (parsed.kind === "reboot") return { ...base, fields: undefined, changes: [] };
  const local = compileCron(expression, { ...asked, zone: zones.get("UTC") });
  const changes = findClockChanges(local, zone, asked.dst, parsed.fields.wildcard, nowMs, nowMs + yearMs);
  return { ...base, fields: cronFieldTexts(parsed.fields), changes };
}

/** Does `body`, and when the expression is at fault shows where, on standard error, before the error goes on. */
function explainWithPlace(context: CommandContext, expression: string, body: () => Explained): Explained {
  try {
    return body();
  } catch (error) {
    if (isKronError(error, "KRON_CRON_INVALID") && !context.output.options.isJson) {
      const { offset, length } = error.details ?? {};
      if (typeof offset === "number" && typeof length === "number") {
        const [before, marked] = [expression.slice(0, offset), expression.slice(offset, offset + length)];
        const carets = "^".repeat(Math.max(1, printable(marked).length));
        context.output.message(`  ${printable(expression)}\n  ${" ".repeat(printable(before).length)}${carets}`);
      }
    }
    throw error;
  }
}

function print({ output, nowMs }: CommandContext, explained: Explained): void {
  const { zone, description, fields, next, changes } = explained;
  const shown = labelledZone(zone);
  output.line(output.toned("strong", description));
  if (fields !== undefined) {
    output.line();
    for (const [name, text] of Object.entries(fields)) output.line(`${`${name}:`.padEnd(14)}${text}`);
  }
  if (next.length > 0) {
    output.line();
    output.line(`next ${next.length === 1 ? "time" : `${next.length} times`} in ${zone.name}:`);
    for (const atMs of next) output.line(`  ${fullTime(atMs, shown, nowMs)}`);
  }
  if (changes.length > 0) {
    output.line();
    output.line("clock changes in the next year that touch it:");
    for (const change of changes) output.line(`  ${changeText(change, shown)}`);
  }
}

function changeText(change: ClockChange, zone: DisplayZone): string {
  const { kind, atMs, count, firstLocalMs, effect } = change;
  const clock = formatInstant(firstLocalMs).slice(11, 19);
  const what = count === 1 ? clock : `${count} due times from ${clock} on`;
  const happens = kind === "gap" ? "do not exist" : "come twice";
  const verb = count === 1 ? happens.replace("do not", "does not").replace("come", "comes") : happens;
  const effects = {
    "made up": `${count === 1 ? "it is" : "they are"} made up by one run at ${localTime(atMs, zone).slice(11, 19)}`,
    "left out": count === 1 ? "it is left out" : "they are left out",
    "run twice": count === 1 ? "it runs both times" : "they run both times",
    "run once": count === 1 ? "it runs the first time only" : "they run the first time only",
  };
  const date = localTime(atMs, zone).slice(0, 10);
  return `${date}  ${zone.label(atMs - 1)} to ${zone.label(atMs)}: ${what} ${verb}; ${effects[effect]}`;
}

function printJson({ output, nowMs }: CommandContext, explained: Explained): void {
  const { expression, zone, dst, dayMatch, description, fields, next, changes } = explained;
  output.json({
    ...{ version: jsonVersion, command: "explain", expression, zone: zone.name, dst, dayMatch, description, fields },
    next: next.map((atMs) => ({ atMs, local: localTimeJson(atMs, zone), inMs: atMs - nowMs })),
    clockChanges: changes.map(({ firstLocalMs, ...change }) => ({
      ...change,
      local: localTimeJson(change.atMs, zone),
      firstLocal: formatInstant(firstLocalMs).slice(0, 19),
    })),
  });
}
