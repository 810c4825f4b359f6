/** The options that say what a timer executes: `module`, `command` or `http`, with what goes along with each. */

import { describe } from "./describe.ts";
import { type HttpOptions, readHttp } from "./http-options.ts";
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
import { checkPayload } from "./payload.ts";
import { encodeTarget, type Isolation, isolations, type TargetSpec } from "./target.ts";
import { utf8Length } from "./utf8.ts";

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

/** The most that what is executed may take in the log, in bytes: program and arguments, variables, headers and body. */
export const targetBytesMax = 128 * 1024;

const textLengthMax = 4_096;
const argumentsMax = 1_000;
const variablesMax = 1_000;
const heapMbMax = 1_048_576;
const runsMax = 1_000_000_000;
const callbackTarget: TargetSpec = Object.freeze({ kind: "callback" });
const limitNames: ReadonlySet<string> = new Set(["maxOldGenerationSizeMb"]);
const byteUnits: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["B", 1],
  ["KB", 1024],
  ["KIB", 1024],
  ["MB", 1024 ** 2],
  ["MIB", 1024 ** 2],
  ["GB", 1024 ** 3],
  ["GIB", 1024 ** 3],
]);

/**
 * What the options say is executed; nothing in it belongs to the caller any more. Throws `KRON_OPTION_INVALID` naming the
 * one that is wrong, or `KRON_PAYLOAD_INVALID` for a body that is no plain data.
 */
export function readTarget(raw: RawOptions): TargetSpec {
  const given = selectors.filter((name) => raw[name] !== undefined);
  if (given.length > 1) {
    throw optionError("module", `Expected at most one of module, command and http, got ${given.join(" and ")}`);
  }
  const [kind] = given;
  for (const [name, owner] of companions) {
    if (raw[name] !== undefined && owner !== kind) {
      const got = kind === undefined ? "alone" : `with ${kind}`;
      throw optionError(name, `Expected ${name} only together with ${owner}, got it ${got}`);
    }
  }
  if (kind === undefined) return callbackTarget;
  const target = kind === "module" ? readModule(raw) : kind === "command" ? readCommand(raw) : readHttp(raw.http);
  checkSize(target, kind);
  return target;
}

/** Each text was judged on its own; together they have to fit an entry of the log with room to spare. */
function checkSize(target: TargetSpec, kind: string): void {
  try {
    checkPayload(encodeTarget(target), kind, targetBytesMax);
  } catch {
    // Nothing but the size can be wrong with it.
    throw optionError(
      kind,
      `Expected ${kind} and what goes along with it to take at most ${targetBytesMax} bytes, got more`,
      "Keep large data in a file, or hand it over as payload",
    );
  }
}

function readModule(raw: RawOptions): TargetSpec {
  const { isolate, resourceLimits, maxRunsPerWorker, maxMemory } = raw;
  const limits =
    resourceLimits === undefined ? {} : readOptions(resourceLimits, "resourceLimits", "resourceLimits.", limitNames);
  const heap = limits.maxOldGenerationSizeMb;
  return {
    kind: "module",
    path: readModulePath(raw.module),
    exportName: raw.export === undefined ? "default" : readName(raw.export, "export"),
    isolate: isolate === undefined ? "thread" : readChoice(isolate, "isolate", isolations),
    heapMbMax: heap === undefined ? 0 : readCount(heap, "resourceLimits.maxOldGenerationSizeMb", 1, heapMbMax),
    runsPerWorkerMax: maxRunsPerWorker === undefined ? 0 : readCount(maxRunsPerWorker, "maxRunsPerWorker", 1, runsMax),
    memoryBytesMax: maxMemory === undefined ? 0 : readByteSize(maxMemory, "maxMemory"),
  };
}

/** A `URL` is taken by its `href`, as is anything that looks like one. */
function readModulePath(value: unknown): string {
  const href = typeof value === "object" && value !== null ? (value as { readonly href?: unknown }).href : undefined;
  const path = readName(href ?? value, "module");
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(path)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === "file") return path;
  throw optionError("module", `Expected module to be a path or a file: URL, got one of ${describe(`${scheme}:`)}`);
}

/** A number of bytes from 1 on, or a text such as `"512MB"` (units of 1,024). Throws `KRON_OPTION_INVALID`. */
export function readByteSize(value: unknown, what: string): number {
  const bytes = typeof value === "string" ? bytesOf(value) : value;
  if (typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  throw optionError(what, `Expected ${what} to be bytes or a text such as "512MB", got ${describe(value)}`);
}

function bytesOf(text: string): number {
  const [, amount = "", unit = ""] = /^(\d{1,20}(?:\.\d{1,20})?)\s{0,9}([A-Za-z]{0,3})$/.exec(text.trim()) ?? [];
  const factor = byteUnits.get(unit.toUpperCase());
  return amount === "" || factor === undefined ? Number.NaN : Math.round(Number(amount) * factor);
}

function readCommand({ command, cwd, env, shell }: RawOptions): TargetSpec {
  const isShell = shell === undefined ? false : readFlag(shell, "shell");
  return {
    kind: "command",
    argv: isShell ? [readShellText(command)] : readArguments(command),
    cwd: cwd === undefined ? undefined : readName(cwd, "cwd"),
    env: env === undefined ? {} : readEnv(env),
    shell: isShell,
  };
}

function readShellText(value: unknown): string {
  if (typeof value !== "string" || value.trim() === "")
    throw optionError("command", `Expected command to be a text for the shell, got ${describe(value)}`);
  return readArgument(value, "command");
}

function readArguments(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > argumentsMax) {
    const got = Array.isArray(value) ? `a list of ${value.length}` : describe(value);
    throw optionError(
      "command",
      `Expected command to be a list of 1 to ${argumentsMax} texts, got ${got}`,
      'Write command: ["pg_dump", "--file", "x.sql"], or add shell: true for a text',
    );
  }
  // Not `map`, which passes over holes.
  const argv = Array.from(value as readonly unknown[], (part, index) => readArgument(part, `command[${index}]`));
  if (argv[0]?.trim() === "")
    throw optionError("command[0]", "Expected command[0] to name a program, got an empty text");
  return argv;
}

/** A text that can be handed to a program and be kept by the log. What it holds is not repeated, as it may be secret. */
function readArgument(value: unknown, what: string): string {
  if (typeof value !== "string") throw optionError(what, `Expected ${what} to be a text, got ${describe(value)}`);
  if (value.length > targetBytesMax) {
    throw optionError(what, `Expected ${what} to have at most ${targetBytesMax} characters, got ${value.length}`);
  }
  if (!value.includes("\0") && utf8Length(value) >= 0) return value;
  throw optionError(what, `Expected ${what} to be a text without NUL and lone surrogates, got one`);
}

function readName(value: unknown, what: string): string {
  return readArgument(readText(value, what, textLengthMax), what);
}

/** In the order of their names, so that the same variables make the same definition. */
function readEnv(value: unknown): Record<string, string> {
  if (!isPlainObject(value)) throw optionError("env", `Expected env to be a plain object, got ${describe(value)}`);
  const names = Object.keys(value).sort();
  if (names.length > variablesMax)
    throw optionError("env", `Expected at most ${variablesMax} variables in env, got ${names.length}`);
  const variables = names.map((name): [string, string] => {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(name) || name === "__proto__")
      throw optionError("env", `Expected names of variables in env, got ${describe(name)}`);
    return [name, readArgument(value[name], `env.${name}`)];
  });
  return Object.fromEntries(variables);
}
