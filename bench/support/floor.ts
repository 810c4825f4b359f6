/**
 * The floor: what the disk itself allows. A bare loop of one write and one fdatasync on a preallocated file,
 * with the bytes already at hand, nothing encoded, checked or remembered.
 */

import { closeSync, fdatasync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Microseconds of each write + fdatasync of `bytes`, for `forMs` of time. */
export async function floorLatenciesUs(directory: string, bytes: number, forMs: number): Promise<number[]> {
  const path = join(directory, "floor");
  const file = openSync(path, "w");
  const preallocated = Math.max(16 << 20, bytes * 64);
  writeSync(file, new Uint8Array(preallocated));
  fdatasyncSync(file);
  const buffer = new Uint8Array(bytes).fill(0x5a);
  const latencies: number[] = [];
  const endMs = performance.now() + forMs;
  let position = 0;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    if (position + bytes > preallocated) position = 0;
    writeSync(file, buffer, 0, bytes, position);
    position += bytes;
    await new Promise<void>((resolve, reject) => fdatasync(file, (error) => (error ? reject(error) : resolve())));
    latencies.push((performance.now() - startMs) * 1_000);
  }
  closeSync(file);
  rmSync(path);
  return latencies;
}
