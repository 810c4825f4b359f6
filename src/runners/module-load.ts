/** Loads a module in the thread that is to execute it, and says in words why it cannot be. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, quote } from "../core/describe.ts";
import { KronError } from "../core/errors.ts";
import type { Callback } from "./callback-context.ts";

const checkMsMax = 5_000;

/** The function that the module at `url` exports as `exportName`. Rejects with `KRON_MODULE_UNUSABLE`. */
export async function loadExport(url: string, exportName: string): Promise<Callback> {
  let namespace: Readonly<Record<string, unknown>>;
  try {
    namespace = (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw unusable(url, error);
  }
  const found = exportOf(namespace, exportName);
  if (typeof found === "function") return found as Callback;
  const names = Object.keys(namespace).map((name) => quote(name));
  throw new KronError(
    "KRON_MODULE_UNUSABLE",
    `Expected ${pathOf(url)} to export a function as ${quote(exportName)}, got ${describe(found)}`,
    {
      hint:
        names.length === 0
          ? "Write `export default async function (context) { … }`"
          : `It exports ${names.slice(0, 10).join(", ")}; name one with the option export`,
    },
  );
}

/** A `KRON_MODULE_UNUSABLE` about the module at `url`, for what was thrown when it was loaded. */
export function unusable(url: string, cause: unknown): KronError {
  const path = pathOf(url);
  const hint = hintFor(cause, path);
  const options = hint === undefined ? { cause } : { cause, hint };
  return new KronError("KRON_MODULE_UNUSABLE", `Cannot load ${path}${placeOf(cause, path)}`, options);
}

/** Modules of CommonJS show all they export under `default`; compiled ones have a `default` of their own there. */
function exportOf(namespace: Readonly<Record<string, unknown>>, exportName: string): unknown {
  const direct = Object.hasOwn(namespace, exportName) ? namespace[exportName] : undefined;
  if (typeof direct === "function") return direct;
  const { default: whole } = namespace;
  const within =
    typeof whole === "object" && whole !== null ? (whole as Readonly<Record<string, unknown>>)[exportName] : undefined;
  return typeof within === "function" ? within : direct;
}

/**
 * Where a syntax error is. The error itself does not say; a Node that only checks the file does. Nothing when the fault is
 * in another file, which the module imports.
 */
function placeOf(cause: unknown, path: string): string {
  if (!(cause instanceof SyntaxError) || !/\.[cm]?js$/.test(path)) return "";
  const { stderr } = spawnSync(process.execPath, ["--check", path], { encoding: "utf8", timeout: checkMsMax });
  const [first = ""] = String(stderr).split("\n", 1);
  const line = /:(\d+)$/.exec(first)?.[1];
  return line === undefined ? "" : `, line ${line}`;
}

function hintFor(cause: unknown, path: string): string | undefined {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  const isTypeScript = /\.[cm]?ts$/.test(path);
  if (isTypeScript && (code === "ERR_UNKNOWN_FILE_EXTENSION" || cause instanceof SyntaxError)) {
    return `Node ${process.version} does not run TypeScript by itself: build it to JavaScript, use Node 22.18 or newer, or start with node --import tsx`;
  }
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    return "Node only strips types: write no enums, namespaces or parameter properties, or build the file to JavaScript";
  if (code === "ERR_MODULE_NOT_FOUND") return "Paths are relative to the directory in which the runtime was started";
  return undefined;
}

/** A path where there is one, as that is what people know their files by. */
function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    // Not a file: then the URL is the name there is.
    return url;
  }
}
