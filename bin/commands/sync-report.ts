/** What a sync did, or would do, as a table or as JSON. Secrets are left out. */

import type { Tone } from "../../src/core/palette.ts";
import { isSecretName } from "../../src/core/redact.ts";
import { redacted } from "../../src/core/secrets.ts";
import type { OptionChange, SyncStep } from "../../src/core/sync-plan.ts";
import { Zones } from "../../src/core/zone.ts";
import type { SyncResult } from "../../src/runtime/sync.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { type DisplayZone, displayZone } from "../display-zone.ts";
import { jsonText } from "../output.ts";
import { printable } from "../printable.ts";
import { type Column, printTable, type Table } from "../table.ts";
import { scheduleText } from "./schedule-text.ts";

const columns: readonly Column[] = [
  { heading: "ACTION" },
  { heading: "TIMER", widthMin: 12 },
  { heading: "WHAT", widthMin: 12 },
];
const textCharactersMax = 100;

const stepTones: Readonly<Record<SyncStep["kind"], Tone>> = {
  ...{ create: "good", update: "info", unchanged: "dim", finished: "dim" },
  ...{ prune: "warn", keep: "warn", refuse: "bad", forget: "dim" },
};

/** The counts of a result, by kind of step. */
export function stepCounts({ steps }: SyncResult): Record<string, number> {
  const counts: Record<string, number> = { create: 0, update: 0, unchanged: 0, prune: 0, keep: 0, refuse: 0 };
  for (const { kind } of steps) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Prints the steps that change something or that a person should know, and the counts of all. */
export function printSteps(context: CommandContext, result: SyncResult): void {
  const { output } = context;
  const table = stepsTable(result, displayZone(context, new Zones(intlOffsetSource())));
  if (table.rows.length > 0) printTable(output, table);
  const parts = Object.entries(stepCounts(result))
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`);
  const summary = parts.length === 0 ? "no timers" : parts.join(", ");
  output.line(result.isDone ? `done: ${summary}` : `nothing was changed: ${summary}`);
}

/** The steps that a person should see, in one line each. */
export function stepsTable({ steps }: SyncResult, zone: DisplayZone): Table {
  const shown = steps.filter((step) => step.kind !== "forget" && (step.kind !== "unchanged" || step.isUnsure));
  return { columns, rows: shown.map((step) => [[step.kind, stepTones[step.kind]], step.id, whatText(step, zone)]) };
}

/** The steps for JSON. */
export function stepsJson({ steps }: SyncResult): object[] {
  return steps.map((step) => {
    switch (step.kind) {
      case "update": {
        const { kind, id, adopts } = step;
        return { kind, id, adopts, changes: step.changes.map(redactedChange) };
      }
      case "unchanged":
        return { kind: step.kind, id: step.id, adopts: step.adopts, isUnsure: step.isUnsure };
      case "create":
      case "finished":
        return { kind: step.kind, id: step.id };
      default:
        return step;
    }
  });
}

function whatText(step: SyncStep, zone: DisplayZone): string {
  switch (step.kind) {
    case "create":
      return scheduleText(step.declared.definition, step.declared.atMs ?? 0, zone);
    case "update": {
      const changes = step.changes.map(redactedChange).map(changeText).join("; ");
      return step.adopts ? `takes over a timer made otherwise: ${changes}` : changes;
    }
    case "unchanged":
      return "but for secrets, which the runtime does not show: they are compared when it is done";
    case "finished":
      return "ran once, and is not made again";
    case "keep":
      return step.why === "not-asked"
        ? "is no longer declared; --prune would cancel it"
        : "is no longer declared, and something else has changed it since";
    case "refuse":
      return step.why === "callback"
        ? "belongs to an application, which runs it by a callback; use another id"
        : printable(`is declared by ${step.source}; --adopt takes it over`);
    default:
      return "";
  }
}

function changeText({ option, before, after }: OptionChange): string {
  return `${printable(option)}: ${valueText(before)} → ${valueText(after)}`;
}

function valueText(value: unknown): string {
  if (value === undefined) return "none";
  const text = jsonText(value);
  return text.length > textCharactersMax ? `${text.slice(0, textCharactersMax)}…` : text;
}

function redactedChange({ option, before, after }: OptionChange): OptionChange {
  const name = option.split(".").find(isSecretName) ?? "";
  return { option, before: redacted(before, name), after: redacted(after, name) };
}
