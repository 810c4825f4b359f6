/** Which version of Kron this is. */

import { readFileSync } from "node:fs";

let version: string | undefined;

/** The version in the package's manifest; `unknown` where a bundler has left that behind. */
export function packageVersion(): string {
  version ??= readVersion();
  return version;
}

/** From dist/src/ or src/ to the manifest of the package. */
function readVersion(): string {
  for (const path of ["../../package.json", "../package.json"]) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      const found = manifest as { name?: unknown; version?: unknown };
      if (found.name === "kron-scheduler" && typeof found.version === "string") return found.version;
    } catch {
      // Not there: look in the next place.
    }
  }
  return "unknown";
}
