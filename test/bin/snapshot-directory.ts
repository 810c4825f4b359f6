/** Directories with snapshots and dropped segments, as a runtime that writes them often leaves them. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Kron } from "../../src/index.ts";
import { copyDirectory } from "../support/copy-directory.ts";
import { scratchDirectory, silent } from "./command-line.ts";

/** Rows of history that `busy` has in a directory of `snapshotDirectory`. */
export const busyRuns = 1_500;

/**
 * A runtime that was shut down in good order, with a newest snapshot at the end of its journal, an older generation,
 * and a journal whose beginning was dropped. `busy` has 1,500 rows, `own` keeps 5, `flaky` has failed.
 */
export async function snapshotDirectory(snapshot: "lmdb" | "file"): Promise<string> {
  const dataDir = join(scratchDirectory(), "data");
  const runtime = new Kron({
    ...{ dataDir, snapshot, logger: silent, keepAlive: false, concurrency: 200, queueMax: 10_000 },
    ...{ checkpoint: { records: 200, bytes: 65_536 }, segmentBytes: 65_536, history: { count: 100_000 } },
  });
  await runtime.schedule("busy", { every: "1d", overlap: "allow", concurrency: 200 }, () => "done");
  await runtime.schedule("own", { every: "1d", overlap: "allow", history: { count: 5 } }, () => undefined);
  await runtime.schedule("flaky", { every: "1d", retry: { maxAttempts: 1 }, payload: "p".repeat(1_000) }, () => {
    throw new Error("boom");
  });
  let left = 0;
  let whenIdle = (): void => undefined;
  runtime.on("run", ({ type }) => {
    if (type === "RUN_SUCCEEDED" || type === "RUN_DEAD") left -= 1;
    if (left === 0) whenIdle();
  });
  await runtime.start();
  for (let done = 0; done < busyRuns; done += 50) {
    const ids = [...Array.from({ length: 50 }, () => "busy"), ...(done < 500 ? ["own", "flaky"] : [])];
    const idle = new Promise<void>((resolve) => {
      whenIdle = resolve;
    });
    left = ids.length;
    await Promise.all(ids.map((id) => runtime.trigger(id, { payload: "p".repeat(600) })));
    await idle;
    if (done % 250 === 0) await runtime.checkpoint();
  }
  await runtime.shutdown();
  return dataDir;
}

/** A copy of `directory`, to be damaged. */
export function copyOf(directory: string): string {
  const copy = join(scratchDirectory(), "data");
  copyDirectory(directory, copy);
  return copy;
}

/** The name of the newest snapshot in `directory`; with `.1` it is that of the older generation. */
export function snapshotName(directory: string): string {
  return existsSync(join(directory, "kron.snapshot")) ? "kron.snapshot" : "kron.snapshot.pages";
}

/** Makes the bytes in the middle of the file at `path` other ones. */
export function damageFile(path: string): void {
  const bytes = readFileSync(path);
  for (let at = bytes.length >> 1; at < bytes.length; at += 97) bytes[at] = (bytes[at] ?? 0) ^ 0x55;
  writeFileSync(path, bytes);
}

/** The sealed segments of `directory`, oldest first. */
export function sealedSegments(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => /^kron\.aof\.[0-9a-f]{16}$/.test(name))
    .sort();
}
