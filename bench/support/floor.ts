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
 * Records per second when each of `inFlight` callers awaits its record before it makes the next: packed by msgpackr into
 * one buffer, which goes to the disk with one write and one fdatasync; then its callers go on. What a log without any
 * duties does for as many callers.
 */
export async function appendFloor(directory: string, inFlight: number, forMs: number): Promise<number> {
  const buffer = new Uint8Array(inFlight * 64);
  const path = join(directory, "append-floor");
  const file = openSync(path, "w");
  writeSync(file, new Uint8Array(Math.max(16 << 20, buffer.length * 16)));
  fdatasyncSync(file);
  const endMs = performance.now() + forMs;
  let bytes = 0;
  let waiting: (() => void)[] = [];
  let records = 0;
  const append = (record: unknown): Promise<void> => {
    const packed = packr.pack(record);
    buffer.set(packed, bytes);
    bytes += packed.length;
    if (waiting.length === 0) setImmediate(flush);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const flush = (): void => {
    const done = waiting;
    writeSync(file, buffer, 0, bytes, 0);
    waiting = [];
    bytes = 0;
    fdatasync(file, () => {
      for (const resolve of done) resolve();
    });
  };
  const call = async (caller: number): Promise<void> => {
    while (performance.now() < endMs) {
      await append([Kind.RUN_DUE, caller, 1_763_911_503_123, 0, 0, 1]);
      records += 1;
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, (_, caller) => call(caller)));
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
