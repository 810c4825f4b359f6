/**
 * The floor: what the disk itself allows. A bare loop of one write and one fdatasync on a preallocated file,
 * with the bytes already at hand, nothing encoded, checked or remembered.
 */

import { closeSync, fdatasync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Packr } from "msgpackr";
import { Kind } from "../../src/core/record.ts";

const packr = new Packr({ useRecords: false });

/**
 * Records per second when each of `inFlight` callers has one record, packed by msgpackr into one buffer that goes to
 * the disk with one write and one fdatasync; then all of them again. What a journal without any duties would do.
 */
export async function appendFloor(directory: string, inFlight: number, forMs: number): Promise<number> {
  const buffer = new Uint8Array(inFlight * 64);
  const path = join(directory, "append-floor");
  const file = openSync(path, "w");
  writeSync(file, new Uint8Array(Math.max(16 << 20, buffer.length * 16)));
  fdatasyncSync(file);
  let records = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < forMs) {
    let bytes = 0;
    for (let caller = 0; caller < inFlight; caller++) {
      const packed = packr.pack([Kind.RUN_DUE, caller, 1_763_911_503_123, 0, 0, 1]);
      buffer.set(packed, bytes);
      bytes += packed.length;
    }
    writeSync(file, buffer, 0, bytes, 0);
    await new Promise<void>((resolve, reject) => fdatasync(file, (error) => (error ? reject(error) : resolve())));
    records += inFlight;
  }
  const rate = (records * 1_000) / (performance.now() - startMs);
  closeSync(file);
  rmSync(path);
  return rate;
}

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
