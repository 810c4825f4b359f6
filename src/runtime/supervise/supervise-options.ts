/** The options of `kron supervise`, read once: texts from a command line in, settings out. */

import { resolve } from "node:path";
import { parseDuration } from "../../core/duration.ts";
import { KronError } from "../../core/errors.ts";
import { optionError, readChoice, readCount, readText } from "../../core/option-reader.ts";
import { readByteSize } from "../../core/target-options.ts";
import { type ChildPolicy, defaultChildPolicy, restartPolicies } from "../../supervisor/child-policy.ts";

/** The options as they were given; all but flags are texts. */
export interface SuperviseOptions {
  readonly instances?: string | undefined;
  readonly watch?: boolean | undefined;
  readonly watchPath?: readonly string[] | undefined;
  readonly maxMemory?: string | undefined;
  readonly readyTimeout?: string | undefined;
  readonly stopTimeout?: string | undefined;
  readonly restart?: string | undefined;
  readonly maxRestarts?: string | undefined;
  readonly restartDelay?: string | undefined;
  readonly nodeArg?: readonly string[] | undefined;
}

/** How an app is supervised. */
export interface SuperviseSettings {
  /** The absolute path of the app's entry. */
  readonly script: string;
  readonly args: readonly string[];
  /** Options of Node itself. */
  readonly nodeArgs: readonly string[];
  readonly instances: number;
  /** Absolute paths whose changes reload the app; undefined when nothing is watched. */
  readonly watchPaths: readonly string[] | undefined;
  /** Resident memory over which an instance is reloaded; undefined for no limit. */
  readonly maxMemoryBytes: number | undefined;
  readonly policy: ChildPolicy;
}

const instancesMax = 64;
const timeoutMsMax = 86_400_000;
const restartsMax = 1_000_000;
const memoryBytesMin = 16 * 1024 * 1024;
const pathCharsMax = 4_096;

/** Reads what was given. Throws `KRON_OPTION_INVALID` or `KRON_DURATION_INVALID` naming the option that is wrong. */
export function readSuperviseOptions(
  script: string,
  args: readonly string[],
  options: SuperviseOptions,
  node: { readonly version: string; readonly stripsTypes: boolean },
): SuperviseSettings {
  const path = resolve(readText(script, "the app", pathCharsMax));
  const watchPaths = options.watchPath ?? [];
  const isWatched = options.watch === true || watchPaths.length > 0;
  return {
    script: path,
    args,
    nodeArgs: [...typescriptArgs(path, options.nodeArg ?? [], node), ...(options.nodeArg ?? [])],
    instances: options.instances === undefined ? 1 : readWhole(options.instances, "--instances", 1, instancesMax),
    watchPaths: isWatched ? readWatchPaths(path, watchPaths) : undefined,
    maxMemoryBytes: options.maxMemory === undefined ? undefined : readMemory(options.maxMemory),
    policy: readPolicy(options),
  };
}

function readPolicy(options: SuperviseOptions): ChildPolicy {
  const { restart, maxRestarts, restartDelay, readyTimeout, stopTimeout } = options;
  const wait = (value: string | undefined, what: string, otherwiseMs: number, minMs = 1): number =>
    value === undefined ? otherwiseMs : parseDuration(value, what, { minMs, maxMs: timeoutMsMax });
  const standard = defaultChildPolicy;
  return {
    ...standard,
    restart: readChoice(restart ?? standard.restart, "--restart", restartPolicies),
    restartsMax:
      maxRestarts === undefined ? standard.restartsMax : readWhole(maxRestarts, "--max-restarts", 0, restartsMax),
    backoffBaseMs: wait(restartDelay, "--restart-delay", standard.backoffBaseMs),
    readyTimeoutMs: wait(readyTimeout, "--ready-timeout", standard.readyTimeoutMs),
    stopTimeoutMs: wait(stopTimeout, "--stop-timeout", standard.stopTimeoutMs),
  };
}

function readWatchPaths(script: string, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [resolve(script, "..")];
  return paths.map((path) => resolve(readText(path, "--watch-path", pathCharsMax)));
}

function readMemory(text: string): number {
  const bytes = readByteSize(text, "--max-memory");
  return readCount(bytes, "--max-memory", memoryBytesMin, Number.MAX_SAFE_INTEGER);
}

function readWhole(text: string, what: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw optionError(what, `Expected ${what} to be a whole number from ${min} to ${max}, got "${text}"`);
}

/**
 * What Node has to be told for an entry in TypeScript: nothing where it strips types by itself (22.18, 23.6 and later), a
 * flag from 22.6 on. Nothing is added where `nodeArgs` say how it is to be loaded.
 */
function typescriptArgs(
  script: string,
  nodeArgs: readonly string[],
  node: { readonly version: string; readonly stripsTypes: boolean },
): readonly string[] {
  if (!/\.[cm]?ts$/.test(script) || node.stripsTypes) return [];
  if (nodeArgs.some((arg) => /^(--import|--loader|--experimental-loader|--require|-r)(=|$)/.test(arg))) return [];
  const [major = 0, minor = 0] = node.version.replace(/^v/, "").split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 6)) return ["--experimental-strip-types"];
  throw new KronError("KRON_OPTION_INVALID", `Expected a JavaScript file, as Node ${node.version} runs no TypeScript`, {
    hint: "Compile it, use Node 22.18 or later, or load it through --node-arg=--import=tsx",
    details: { option: "the app" },
  });
}
