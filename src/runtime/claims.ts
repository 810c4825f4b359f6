/**
 * Which timers a configuration, or a crontab, has declared: `kron.declared.json` in the data directory, so that
 * pruning takes away what was declared before and nothing else.
 *
 *     { "version": 1, "sources": { "/etc/kron.config.mjs": { "backup": { "settled": "872d…" } } } }
 *
 * The file is no part of the journal. It is written, synced, before timers are changed (`pending`) and again behind
 * that (`settled`), so after a crash it says rather too much, and a claim whose fingerprint is not what stands on
 * record counts for nothing. Without the file (a restored backup has none) nothing is pruned until the next sync has
 * written it. Two syncs at one moment may lose claims of one of them, never timers.
 */

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { KronError } from "../core/errors.ts";
import { isPlainObject } from "../core/option-reader.ts";
import type { Claim } from "../core/sync-plan.ts";
import { nodeDisk } from "../journal/node-disk.ts";

/** Claims of all sources: by source, then by timer. */
export type Claims = ReadonlyMap<string, ReadonlyMap<string, Claim>>;

/** The name of the file. */
export const claimsName = "kron.declared.json";

const version = 1;

/** The claims of a data directory; none where there is no file. Throws `KRON_DIR_UNUSABLE` for one that cannot be read. */
export function readClaims(dataDir: string): Claims {
  const path = join(dataDir, claimsName);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw unreadable(path, (error as Error).message, error);
  }
  try {
    return parseClaims(JSON.parse(text));
  } catch (error) {
    throw unreadable(path, (error as Error).message, error);
  }
}

/** Writes the claims, and syncs them. */
export function writeClaims(dataDir: string, claims: Claims): void {
  const path = join(dataDir, claimsName);
  const unfinished = `${path}.new`;
  const sources = Object.fromEntries([...claims].map(([source, timers]) => [source, Object.fromEntries(timers)]));
  const file = openSync(unfinished, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify({ version, sources }, undefined, 1)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
  nodeDisk.syncDirectory(dataDir);
}

function parseClaims(value: unknown): Claims {
  if (!isPlainObject(value) || value.version !== version || !isPlainObject(value.sources)) {
    throw new TypeError(`Expected version ${version} of the file`);
  }
  const claims = new Map<string, ReadonlyMap<string, Claim>>();
  for (const [source, timers] of Object.entries(value.sources)) {
    if (!isPlainObject(timers)) throw new TypeError("Expected the timers of a source");
    claims.set(source, new Map(Object.entries(timers).map(([id, claim]) => [id, parseClaim(claim)])));
  }
  return claims;
}

function parseClaim(value: unknown): Claim {
  const { settled, pending } = isPlainObject(value) ? value : { settled: 0 };
  for (const one of [settled, pending]) {
    if (one !== undefined && typeof one !== "string") throw new TypeError("Expected fingerprints");
  }
  return {
    ...(typeof settled === "string" && { settled }),
    ...(typeof pending === "string" && { pending }),
  };
}

function unreadable(path: string, why: string, cause: unknown): KronError {
  return new KronError("KRON_DIR_UNUSABLE", `Expected to read ${path}: ${why}`, {
    cause,
    hint: "Remove the file: timers stay as they are, and are pruned again once the next sync has written it",
  });
}
