/** What a runtime tells on standard error: lines of JSON for machines, short lines for the person at a terminal. */

import { writeSync } from "node:fs";
import { formatInstant, parseInstant } from "../../src/core/instant.ts";
import type { LogLevel } from "../../src/core/log-levels.ts";
import type { Kron } from "../../src/kron.ts";
import { defaultLogger, type LogLine, lazyLogger } from "../../src/logger.ts";
import type { Logger } from "../../src/ports.ts";
import type { RunEventType } from "../../src/supervisor/events.ts";
import type { DisplayZone } from "../display-zone.ts";
import { jsonText } from "../output.ts";
import { printable } from "../printable.ts";
import { localTime } from "../times.ts";

const stderr = 2;
const fieldCharactersMax = 300;
/** What `formatInstant` gives. */
const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const runLevels: Readonly<Record<RunEventType, LogLine["level"]>> = {
  RUN_DUE: "debug",
  RUN_STARTED: "debug",
  RUN_SUCCEEDED: "debug",
  RUN_FAILED: "warn",
  RUN_TIMED_OUT: "warn",
  RUN_LOST: "warn",
  RUN_RETRYING: "info",
  RUN_DEAD: "error",
  RUN_CANCELLED: "info",
};

/** The logger of `kron runtime start`; `zone` is that of the times on a terminal. */
export function runtimeLogger(level: LogLevel, isTerminal: boolean, zone: DisplayZone): Logger {
  if (!isTerminal) return defaultLogger({ KRON_LOG_LEVEL: level });
  const writeLine = (line: LogLine): void => {
    writeSync(stderr, `${lineForPeople(line, zone)}\n`);
  };
  return lazyLogger(level, { load: () => Promise.resolve(writeLine), loadNow: () => writeLine });
}

/** A line for people, without its line feed. */
export function lineForPeople({ level, fields, message, atMs }: LogLine, zone: DisplayZone): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${fieldText(value, zone)}`);
  return [localTime(atMs, zone, true), level.toUpperCase().padEnd(5), printable(message), ...parts].join(" ");
}

/** Logs what happens in the runtime. */
export function logEvents(kron: Kron, logger: Logger): void {
  kron.on("run", ({ type, timerId, runId, attempt, durationMs, error, reason }) => {
    const fields = { timerId, runId, attempt, durationMs, error: error?.message, code: error?.code, reason };
    logger[runLevels[type]](present(fields), type);
  });
  kron.on("missed", ({ type, timerId, count, reason, firstAtMs, lastAtMs }) => {
    const times = { first: formatInstant(firstAtMs), last: formatInstant(lastAtMs) };
    logger.warn({ timerId, count, reason, ...times }, type);
  });
  kron.on("timer", ({ type, timerId }) => logger.info({ timerId }, type));
  kron.on("clock", ({ deltaMs }) => logger.warn({ deltaMs }, "The clock was set, or the machine slept"));
  kron.on("writable", (isWritable) => {
    if (isWritable) logger.info({}, "The disk has space again");
    else logger.error({}, "The disk is full; new work is refused until there is space");
  });
  kron.on("warning", ({ code, message, hint }) => logger.warn(present({ code, hint }), message));
}

/** `fields` without those that are undefined. */
export function present(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function fieldText(value: unknown, zone: DisplayZone): string {
  if (typeof value === "string" && instantPattern.test(value)) {
    return `"${localTime(parseInstant(value, "a field"), zone, true)}"`;
  }
  const text = value instanceof Error ? value.message : typeof value === "string" ? value : jsonText(value);
  const shown = printable(text).slice(0, fieldCharactersMax);
  return /^[\w.:@/+-]+$/.test(shown) ? shown : JSON.stringify(shown);
}
