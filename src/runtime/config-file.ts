/**
 * Finds and loads `kron.config.{ts,js,mjs,json}`. A configuration says what is executed, so a file that anybody may
 * write is refused, as cron refuses such crontabs.
 */

import { readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { KronError } from "../core/errors.ts";
import type { Clock } from "../ports.ts";

/** A configuration file and what it exports. */
export interface LoadedFile {
  /** Its real path. */
  readonly file: string;
  readonly exported: unknown;
}

/** Where a configuration is looked for, and how long it may take to load. */
export interface ConfigPlace {
  /** The file that was asked for; undefined to look into the directory. */
  readonly path: string | undefined;
  readonly directory: string;
  readonly clock: Clock;
}

/** What a configuration may be called, in the order in which they are listed. */
export const configNames: readonly string[] = [
  "kron.config.ts",
  "kron.config.js",
  "kron.config.mjs",
  "kron.config.json",
];

const loadMsMax = 30_000;
const worldWritable = 0o002;
let loads = 0;

/**
 * The configuration that was asked for, or the one in the directory; undefined when there is none and none was asked
 * for. It is read anew each time; what it imports is not. Rejects with `KRON_CONFIG_INVALID`.
 */
export async function loadConfigFile({ path, directory, clock }: ConfigPlace): Promise<LoadedFile | undefined> {
  const found = path === undefined ? findIn(directory) : resolve(directory, path);
  if (found === undefined) return undefined;
  const file = checked(found);
  return { file, exported: await exportedBy(file, clock) };
}

function findIn(directory: string): string | undefined {
  const [first, second] = configNames.filter((name) => statSync(join(directory, name), { throwIfNoEntry: false }));
  if (second === undefined) return first === undefined ? undefined : join(directory, first);
  throw invalid(directory, `Expected one configuration in ${directory}, got ${first} and ${second}`, {
    hint: "Say which with --config",
  });
}

function checked(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw invalid(path, `Expected a configuration at ${path}, nothing is there`);
  if (!found.isFile()) throw invalid(path, `Expected a file at ${path}, got something else`);
  if (process.platform !== "win32" && (found.mode & worldWritable) !== 0) {
    throw invalid(path, `Expected a configuration that not everybody may write, ${path} is open to all`, {
      hint: `chmod o-w ${path}`,
    });
  }
  const extension = extname(path);
  if (![".ts", ".js", ".mjs", ".cjs", ".json", ".mts"].includes(extension)) {
    throw invalid(path, `Expected a configuration in .ts, .js, .mjs or .json, got ${extension || "no extension"}`);
  }
  return realpathSync(path);
}

async function exportedBy(file: string, clock: Clock): Promise<unknown> {
  if (file.endsWith(".json")) return parsedJson(file);
  if (/\.m?ts$/.test(file) && !stripsTypes()) {
    throw invalid(file, `Expected a Node that strips types to load ${file}, got ${process.version}`, {
      hint: "Use Node 22.18, 24 or later, or write the configuration as kron.config.mjs or kron.config.json",
    });
  }
  // A CommonJS module is cached by its path, others by their URL.
  delete createRequire(import.meta.url).cache[file];
  loads += 1;
  const url = `${pathToFileURL(file).href}?load=${loads}`;
  try {
    const loaded: unknown = await within(clock, import(url) as Promise<unknown>, file);
    return exportOf(loaded, file);
  } catch (cause) {
    if (cause instanceof KronError) throw cause;
    throw notLoaded(file, cause);
  }
}

function parsedJson(file: string): unknown {
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text.replace(/^\uFEFF/, "")) as unknown;
  } catch (cause) {
    throw invalid(file, `Expected JSON in ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Node says so itself; versions that cannot do not know the feature. */
function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript);
}

function exportOf(loaded: unknown, file: string): unknown {
  const { default: exported, config } = loaded as { readonly default?: unknown; readonly config?: unknown };
  const found = exported ?? config;
  if (found !== undefined) return found;
  throw invalid(file, `Expected ${file} to export a configuration as default, it has no such export`, {
    hint: "Write export default defineConfig({ … })",
  });
}

function notLoaded(file: string, cause: unknown): KronError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const { code } = cause as { readonly code?: unknown };
  const isPackage = code === "ERR_MODULE_NOT_FOUND" && message.includes("'kron-scheduler'");
  return invalid(file, `Expected ${file} to load: ${message}`, {
    cause,
    ...(isPackage && {
      hint: `Install kron-scheduler in ${dirname(file)}, or export the object without defineConfig()`,
    }),
  });
}

function within<Value>(clock: Clock, promise: Promise<Value>, file: string): Promise<Value> {
  return new Promise((resolvePromise, reject) => {
    const cancelWait = clock.wakeAfter(loadMsMax, () =>
      reject(invalid(file, `Expected ${file} to load within ${loadMsMax / 1_000} s`)),
    );
    promise.then(resolvePromise, reject).finally(cancelWait);
  });
}

function invalid(
  file: string,
  message: string,
  { hint, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): KronError {
  return new KronError("KRON_CONFIG_INVALID", message, {
    ...(hint !== undefined && { hint }),
    cause,
    details: { file, problems: [{ path: "", message, ...(hint !== undefined && { hint }) }] },
  });
}
