/**
 * Targets: what a run of a timer executes. A callback lives in a process and has to be attached anew by each; the
 * others stand in the definition, so any runtime over the directory can execute them.
 */

import { unreachable } from "./assert.ts";
import { asArray, asChoice, asCount, asOptional, asText, asTuple, corrupt } from "./definition-fields.ts";

/** What a run executes. */
export type TargetSpec = CallbackTarget | ModuleTarget | CommandTarget | HttpTarget;

/** A function that a process has attached. */
export interface CallbackTarget {
  readonly kind: "callback";
}

/** Where a module runs: a thread it shares with others, a thread of its own for each run, a process of its own. */
export type Isolation = "thread" | "thread-per-run" | "process";

/** An exported function of a file. */
export interface ModuleTarget {
  readonly kind: "module";
  /** A path (relative ones are resolved against the runtime's base directory) or a `file:` URL. */
  readonly path: string;
  /** The name of the export; `default` unless said otherwise. */
  readonly exportName: string;
  readonly isolate: Isolation;
  /** V8's limit of the old generation of the thread, in MiB; 0 is Node's own. */
  readonly heapMbMax: number;
  /** Attempts after which the thread is replaced; 0 is never. */
  readonly runsPerWorkerMax: number;
  /** Resident bytes of the hosting process above which it is replaced; 0 is no limit. */
  readonly memoryBytesMax: number;
}

/** A program with its arguments. */
export interface CommandTarget {
  readonly kind: "command";
  /** The program, then its arguments; with `shell`, one text for the shell. */
  readonly argv: readonly string[];
  /** Undefined: the runtime's base directory. */
  readonly cwd: string | undefined;
  /** Variables set besides those of the runtime. */
  readonly env: Readonly<Record<string, string>>;
  readonly shell: boolean;
}

/** A request. */
export interface HttpTarget {
  readonly kind: "http";
  readonly method: string;
  readonly url: string;
  /** Lower-case names and their values, in the order given. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A text as it is, anything else as JSON; undefined: the payload, where the method has a body. */
  readonly body: unknown;
  /** Status codes that count as success, as ranges, both ends included. */
  readonly success: readonly (readonly [from: number, to: number])[];
}

/** Every `Isolation`, in the order of their numbers in the log. */
export const isolations: readonly Isolation[] = ["thread", "thread-per-run", "process"];
/** Every method that a request may have. */
export const httpMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const targetKinds: readonly TargetSpec["kind"][] = ["callback", "module", "command", "http"];

/** A text that is equal for equal targets; empty for callbacks, which nearly all timers have. */
export function targetKey(target: TargetSpec): string {
  return target.kind === "callback" ? "" : `${JSON.stringify(encodeTarget(target))},`;
}

/**
 * A target as it stands in the log: `[0]`, `[1, path, export, isolate, heapMbMax, runsPerWorkerMax, memoryBytesMax]`,
 * `[2, argv, cwd or null, [name, value, …], shell (0 or 1)]` or
 * `[3, method, url, [name, value, …], body or null, [from, to, …]]`. The body is kept as JSON text.
 */
export function encodeTarget(target: TargetSpec): readonly unknown[] {
  const kind = targetKinds.indexOf(target.kind);
  switch (target.kind) {
    case "callback":
      return [kind];
    case "module": {
      const { path, exportName, isolate, heapMbMax, runsPerWorkerMax, memoryBytesMax } = target;
      return [kind, path, exportName, isolations.indexOf(isolate), heapMbMax, runsPerWorkerMax, memoryBytesMax];
    }
    case "command": {
      const { argv, cwd, env, shell } = target;
      return [kind, [...argv], cwd ?? null, Object.entries(env).flat(), shell ? 1 : 0];
    }
    case "http": {
      const { method, url, headers, body, success } = target;
      return [kind, method, url, headers.flat(), body === undefined ? null : JSON.stringify(body), success.flat()];
    }
    /* c8 ignore next 2 */
    default:
      return unreachable(target);
  }
}

/** The target that `encodeTarget` wrote; layouts before 3 know only callbacks. Throws `KRON_JOURNAL_CORRUPT`. */
export function decodeTarget(value: unknown, knowsAll: boolean): TargetSpec {
  const fields = asArray(value, "target");
  const kind = asChoice(fields[0], knowsAll ? targetKinds : targetKinds.slice(0, 1), "target");
  switch (kind) {
    case "callback":
      asTuple(fields, 1, "target");
      return { kind };
    case "module":
      return decodeModule(asTuple(fields, 7, "module target"));
    case "command":
      return decodeCommand(asTuple(fields, 5, "command target"));
    case "http":
      return decodeHttp(asTuple(fields, 6, "http target"));
    /* c8 ignore next 2 */
    default:
      return unreachable(kind);
  }
}

function decodeModule(fields: readonly unknown[]): ModuleTarget {
  return {
    kind: "module",
    path: asText(fields[1], "module path"),
    exportName: asText(fields[2], "module export"),
    isolate: asChoice(fields[3], isolations, "isolate"),
    heapMbMax: asCount(fields[4], "heapMbMax"),
    runsPerWorkerMax: asCount(fields[5], "runsPerWorkerMax"),
    memoryBytesMax: asCount(fields[6], "memoryBytesMax"),
  };
}

function decodeCommand(fields: readonly unknown[]): CommandTarget {
  const argv = asArray(fields[1], "command").map((part, index) => asString(part, `command[${index}]`));
  if (argv.length === 0) throw corrupt("command", "at least one text", argv.length);
  return {
    kind: "command",
    argv,
    cwd: asOptional(fields[2], (cwd) => asText(cwd, "cwd")),
    env: Object.fromEntries(asPairs(fields[3], "env", asString)),
    shell: asChoice(fields[4], [false, true], "shell"),
  };
}

function decodeHttp(fields: readonly unknown[]): HttpTarget {
  return {
    kind: "http",
    method: asText(fields[1], "http method"),
    url: asText(fields[2], "http url"),
    headers: asPairs(fields[3], "http headers", asString),
    body: asOptional(fields[4], parseBody),
    success: asPairs(fields[5], "http success", asCount),
  };
}

function asPairs<Part>(value: unknown, what: string, read: (value: unknown, what: string) => Part): [Part, Part][] {
  const flat = asArray(value, what);
  const pairs: [Part, Part][] = [];
  for (let index = 0; index < flat.length; index += 2) {
    pairs.push([read(flat[index], what), read(flat[index + 1], what)]);
  }
  return pairs;
}

function asString(value: unknown, what: string): string {
  if (typeof value !== "string") throw corrupt(what, "a text", value);
  return value;
}

function parseBody(value: unknown): unknown {
  try {
    return JSON.parse(asText(value, "http body"));
  } catch {
    throw corrupt("http body", "JSON", value);
  }
}
