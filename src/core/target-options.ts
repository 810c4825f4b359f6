/** The options that say what a timer executes: `module`, `command` or `http`, with what goes along with each. */

import { describe } from "./describe.ts";
import {
  isPlainObject,
  optionError,
  type RawOptions,
  readChoice,
  readCount,
  readFlag,
  readOptions,
  readText,
} from "./option-reader.ts";
import { type HttpTarget, type Isolation, isolations, type TargetSpec } from "./target.ts";

/** A request, as the option `http` takes it. */
export interface HttpOptions {
  readonly url: string;
  /** Default GET, or POST where there is a body. */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A text as it is, other plain data as JSON; default the payload, where the method has a body. */
  readonly body?: unknown;
  /** Which status codes are a success: `"2xx"` (the default), `"200-299"`, a number, or a list of these. */
  readonly success?: number | string | readonly (number | string)[] | undefined;
}

/** The part of `ScheduleOptions` that says what is executed; nothing of it: the callback given to `schedule`. */
export interface TargetOptions {
  /** A file whose export is run in a thread: a path, relative to the runtime's base directory, or a `file:` URL. */
  readonly module?: string | { readonly href: string } | undefined;
  /** The name of the export; default `default`. Only with `module`. */
  readonly export?: string | undefined;
  /** Default `"thread"`: threads shared with other modules. Only with `module`. */
  readonly isolate?: Isolation | undefined;
  /** Limits of the thread. Only with `module`. */
  readonly resourceLimits?: { readonly maxOldGenerationSizeMb?: number | undefined } | undefined;
  /** Attempts after which the thread is replaced. Only with `module`. */
  readonly maxRunsPerWorker?: number | undefined;
  /** Resident memory of the hosting process above which it is replaced: bytes, or `"512MB"`. Only with `module`. */
  readonly maxMemory?: number | string | undefined;
  /** A program and its arguments, or with `shell` one text. */
  readonly command?: readonly string[] | string | undefined;
  /** Default the runtime's base directory. Only with `command`. */
  readonly cwd?: string | undefined;
  /** Variables besides those of the runtime. Only with `command`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Whether `command` is one text for the shell; default false. */
  readonly shell?: boolean | undefined;
  /** A request; a text is the URL of a GET. */
  readonly http?: string | HttpOptions | undefined;
}

const selectors = ["module", "command", "http"] as const;
const companions: ReadonlyMap<string, (typeof selectors)[number]> = new Map([
  ["export", "module"],
  ["isolate", "module"],
  ["resourceLimits", "module"],
  ["maxRunsPerWorker", "module"],
  ["maxMemory", "module"],
  ["cwd", "command"],
  ["env", "command"],
  ["shell", "command"],
]);

/** The names of all options that belong to targets. */
export const targetOptionNames: readonly string[] = [...selectors, ...companions.keys()];

const textLengthMax = 4_096;
const argumentsMax = 1_000;
const argumentLengthMax = 64 * 1024;
const variablesMax = 1_000;
const headersMax = 100;
const heapMbMax = 1_048_576;
const runsMax = 1_000_000_000;
const callbackTarget: TargetSpec = Object.freeze({ kind: "callback" });
const limitNames: ReadonlySet<string> = new Set(["maxOldGenerationSizeMb"]);
const httpNames: ReadonlySet<string> = new Set(["url", "method", "headers", "body", "success"]);
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const byteUnits: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["B", 1],
  ["KB", 1024],
  ["MB", 1024 ** 2],
  ["GB", 1024 ** 3],
]);

/** What the options say is executed. Throws `KRON_OPTION_INVALID` naming the one that is wrong. */
export function readTarget(raw: RawOptions): TargetSpec {
  const given = selectors.filter((name) => raw[name] !== undefined);
  if (given.length > 1) {
    throw optionError("module", `Expected at most one of module, command and http, got ${given.join(" and ")}`);
  }
  const [kind] = given;
  for (const [name, owner] of companions) {
    if (raw[name] !== undefined && owner !== kind)
      throw optionError(
        name,
        `Expected ${name} only together with ${owner}, got it ${kind === undefined ? "alone" : `with ${kind}`}`,
      );
  }
  if (kind === "module") return readModule(raw);
  if (kind === "command") return readCommand(raw);
  return kind === "http" ? readHttp(raw.http) : callbackTarget;
}

function readModule(raw: RawOptions): TargetSpec {
  const { isolate, resourceLimits, maxRunsPerWorker, maxMemory } = raw;
  const path = (raw.module as { readonly href?: unknown }).href ?? raw.module;
  const limits =
    resourceLimits === undefined ? {} : readOptions(resourceLimits, "resourceLimits", "resourceLimits.", limitNames);
  const heap = limits.maxOldGenerationSizeMb;
  return {
    kind: "module",
    path: readText(path, "module", textLengthMax),
    exportName: raw.export === undefined ? "default" : readText(raw.export, "export", textLengthMax),
    isolate: isolate === undefined ? "thread" : readChoice(isolate, "isolate", isolations),
    heapMbMax: heap === undefined ? 0 : readCount(heap, "resourceLimits.maxOldGenerationSizeMb", 1, heapMbMax),
    runsPerWorkerMax: maxRunsPerWorker === undefined ? 0 : readCount(maxRunsPerWorker, "maxRunsPerWorker", 1, runsMax),
    memoryBytesMax: maxMemory === undefined ? 0 : readByteSize(maxMemory, "maxMemory"),
  };
}

/** A number of bytes from 1 on, or a text such as `"512MB"` (units of 1,024). Throws `KRON_OPTION_INVALID`. */
export function readByteSize(value: unknown, what: string): number {
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(value.trim()) : undefined;
  const unit = byteUnits.get(
    (match?.[2] ?? "?")
      .toUpperCase()
      .replace(/^([KMG])I?$/, "$1B")
      .replace(/^([KMG])IB$/, "$1B"),
  );
  const bytes =
    typeof value === "number" ? value : unit === undefined ? Number.NaN : Math.round(Number(match?.[1]) * unit);
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  throw optionError(what, `Expected ${what} to be bytes or a text such as "512MB", got ${describe(value)}`);
}

function readCommand({ command, cwd, env, shell }: RawOptions): TargetSpec {
  const isShell = shell === undefined ? false : readFlag(shell, "shell");
  return {
    kind: "command",
    argv: isShell ? [readArgument(command, "command")] : readArguments(command),
    cwd: cwd === undefined ? undefined : readText(cwd, "cwd", textLengthMax),
    env: env === undefined ? {} : readEnv(env),
    shell: isShell,
  };
}

function readArguments(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > argumentsMax) {
    throw optionError(
      "command",
      `Expected command to be a list of 1 to ${argumentsMax} texts, got ${describe(value)}`,
      'Write command: ["pg_dump", "--file", "x.sql"], or add shell: true for a text',
    );
  }
  const argv = value.map((part, index) => readArgument(part, `command[${index}]`));
  if (argv[0] === "") throw optionError("command[0]", "Expected command[0] to name a program, got an empty text");
  return argv;
}

function readArgument(value: unknown, what: string): string {
  if (typeof value === "string" && value.length <= argumentLengthMax && !value.includes("\0")) return value;
  throw optionError(
    what,
    `Expected ${what} to be a text without NUL of at most ${argumentLengthMax} characters, got ${describe(value)}`,
  );
}

function readEnv(value: unknown): Record<string, string> {
  const entries = readEntries(value, "env", variablesMax);
  for (const [name] of entries) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === "__proto__")
      throw optionError("env", `Expected names of variables in env, got ${describe(name)}`);
  }
  return Object.fromEntries(entries.map(([name, text]) => [name, readArgument(text, `env.${name}`)]));
}

function readEntries(value: unknown, what: string, countMax: number): [string, unknown][] {
  if (!isPlainObject(value)) throw optionError(what, `Expected ${what} to be a plain object, got ${describe(value)}`);
  const entries = Object.entries(value);
  if (entries.length <= countMax) return entries;
  throw optionError(what, `Expected at most ${countMax} members of ${what}, got ${entries.length}`);
}

function readHttp(value: unknown): HttpTarget {
  const raw = typeof value === "string" ? { url: value } : readOptions(value, "http", "http.", httpNames);
  const { method, headers, body, success } = raw as RawOptions;
  return {
    kind: "http",
    method: method === undefined ? (body === undefined ? "GET" : "POST") : readChoice(method, "http.method", methods),
    url: readUrl(raw.url),
    headers: headers === undefined ? [] : readHeaders(headers),
    body,
    success: success === undefined ? [[200, 299]] : readSuccess(success),
  };
}

function readUrl(value: unknown): string {
  const text = readText(value, "http.url", textLengthMax);
  if (/^https?:\/\/[^\s/?#]+/i.test(text) && !/\s/.test(text)) return text;
  throw optionError(
    "http.url",
    `Expected http.url to begin with http:// or https:// and a host, got ${describe(value)}`,
  );
}

function readHeaders(value: unknown): [string, string][] {
  return readEntries(value, "http.headers", headersMax).map(([name, text]) => {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/.test(name))
      throw optionError("http.headers", `Expected names of headers in http.headers, got ${describe(name)}`);
    if (typeof text !== "string" || text.length > textLengthMax || /[^\t\x20-\x7e\x80-\xff]/.test(text))
      throw optionError("http.headers", `Expected the header ${name} to be a text on one line, got ${describe(text)}`);
    return [name.toLowerCase(), text];
  });
}

function readSuccess(value: unknown): [number, number][] {
  return (Array.isArray(value) ? value : [value]).map((one: unknown) => {
    const text = String(one);
    const match = /^([1-5])xx$/.exec(text);
    const [from = text, to = from] = match === null ? text.split("-") : [`${match[1]}00`, `${match[1]}99`];
    const [low, high] = [Number(from), Number(to)];
    if (/^\d{3}(-\d{3})?$|xx$/.test(text) && low >= 100 && high <= 599 && low <= high) return [low, high];
    throw optionError(
      "http.success",
      `Expected http.success to be codes such as 200, "2xx" or "200-204", got ${describe(one)}`,
    );
  });
}
