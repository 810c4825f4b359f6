/** The processes: the runtime itself, applications, and hosts that execute attempts. There is room for a cluster here. */

import { toneOf } from "../../core/palette.ts";
import type { Model } from "../model/model.ts";
import { cell, heading, type Row, row } from "./row.ts";
import { bytes, number, span } from "./words.ts";

/** The view. */
export function appsRows(model: Model, columns: number): Row[] {
  const status = model.stats?.status;
  if (status === undefined) return [row(), row(["  Nothing is known yet.", "dim"])];
  const { nowMs } = model;
  return [
    heading("Runtime", columns, `${status.mode}, Kron ${status.version}`),
    row(
      ["  pid ", "dim"],
      String(status.pid),
      ["  state ", "dim"],
      [status.state, toneOf(status.state)],
      ["  memory ", "dim"],
      bytes(status.rssBytes),
      ["  up ", "dim"],
      span(nowMs - status.startedAtMs),
      ["  runs ", "dim"],
      `${number(status.running)} of ${number(status.concurrency)}`,
    ),
    row(),
    ...processes(
      "Applications",
      status.apps,
      columns,
      nowMs,
      "  None is attached: callbacks run in the runtime itself",
    ),
    row(),
    ...processes(
      "Hosts of modules",
      status.hosts,
      columns,
      nowMs,
      "  None is running; they are started when one is needed",
    ),
  ];
}

const names: readonly (readonly [member: string, heading: string, width: number])[] = [
  ["name", "NAME", 10],
  ["pid", "PID", 8],
  ["state", "STATE", 9],
  ["restarts", "RESTARTS", 8],
  ["callbacks", "CALLBACKS", 9],
  ["running", "RUNNING", 7],
  ["rssBytes", "MEMORY", 9],
  ["age", "ATTACHED", 9],
];

/** A table of the members that any of them has. */
function processes(title: string, list: readonly object[], columns: number, nowMs: number, none: string): Row[] {
  const rows = list.map((one, at) => membersOf(one as Record<string, unknown>, at, nowMs));
  if (rows.length === 0) return [heading(title, columns), row([none, "dim"])];
  const used = names.filter(([member]) => rows.some((values) => values.has(member)));
  const heads = row(["  ", "dim"], [used.map(([, head, width]) => cell(head, width)).join(" "), "dim"]);
  const lines = rows.map((values) =>
    row(
      "  ",
      ...used.map(
        ([member, , width]) =>
          [`${cell(values.get(member) ?? "-", width)} `, toneOf(values.get(member) ?? "")] as const,
      ),
    ),
  );
  return [heading(title, columns, number(list.length)), heads, ...lines];
}

function membersOf(one: Readonly<Record<string, unknown>>, at: number, nowMs: number): ReadonlyMap<string, string> {
  const { instance, key, pid, state, restarts, callbacks, running, rssBytes, attachedAtMs } = one;
  const values = new Map<string, string>();
  values.set("name", typeof instance === "number" ? `app-${instance}` : typeof key === "string" ? key : `${at + 1}`);
  const word = typeof state === "object" && state !== null ? (state as { kind?: unknown }).kind : state;
  if (typeof word === "string") values.set("state", word);
  for (const [name, value] of Object.entries({ pid, restarts, callbacks, running })) {
    if (typeof value === "number") values.set(name, String(value));
  }
  if (typeof rssBytes === "number") values.set("rssBytes", bytes(rssBytes));
  if (typeof attachedAtMs === "number") values.set("age", span(nowMs - attachedAtMs));
  return values;
}
