/**
 * A sliding view of a file for scans that go forward: one buffer, refilled as needed, so that reading a
 * segment of any size takes a fixed amount of memory. What it returned is overwritten by the next `ensure`.
 */

import type { Disk, FileHandle } from "../ports.ts";
import { readFully } from "./files.ts";

const windowBytes = 1024 * 1024;

/** Bytes of an open file around a position. */
export class FileWindow {
  /** The buffer; valid where `ensure` said so. */
  bytes: Buffer;
  /** Bytes of the file when it was opened or last forgotten. */
  size: number;
  readonly #disk: Disk;
  readonly #file: FileHandle;
  #start = 0;
  #end = 0;

  constructor(disk: Disk, file: FileHandle) {
    this.#disk = disk;
    this.#file = file;
    this.size = disk.size(file);
    this.bytes = Buffer.allocUnsafeSlow(Math.max(64, Math.min(windowBytes, this.size)));
  }

  /**
   * Makes `count` bytes from `position` present in `bytes` and returns where they begin there, or -1 when
   * the file ends before.
   */
  ensure(position: number, count: number): number {
    if (position >= this.#start && position + count <= this.#end) return position - this.#start;
    if (position + count > this.size) return -1;
    if (count > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(count);
    this.#start = position;
    this.#end = position + readFully(this.#disk, this.#file, this.bytes, position);
    return position + count <= this.#end ? 0 : -1;
  }

  /** How many bytes from `position` are present now, loading some if there are none; 0 at the end. */
  available(position: number): number {
    if (position >= this.size) return 0;
    if (position < this.#start || position >= this.#end) this.ensure(position, 1);
    return Math.max(0, this.#end - position);
  }

  /** Forgets what was read, so that the next `ensure` reads the file again. */
  forget(): void {
    this.size = this.#disk.size(this.#file);
    this.#start = 0;
    this.#end = 0;
  }
}

/** The position of the first byte from `position` on that is not zero, or -1. */
export function findNonZero(window: FileWindow, position: number): number {
  let at = position;
  for (let count = window.available(at); count > 0; count = window.available(at)) {
    const start = window.ensure(at, 1);
    const found = firstNonZero(window.bytes, start, start + count);
    if (found >= 0) return at + (found - start);
    at += count;
  }
  return -1;
}

/** The position behind the last byte from `position` on that is not zero; `position` when all are. */
export function endOfData(window: FileWindow, position: number): number {
  let end = position;
  let at = position;
  for (let count = window.available(at); count > 0; count = window.available(at)) {
    const start = window.ensure(at, 1);
    for (let index = start + count - 1; index >= start; index -= 1) {
      if (window.bytes[index] !== 0) {
        end = at + (index - start) + 1;
        break;
      }
    }
    at += count;
  }
  return end;
}

const zeros = Buffer.alloc(64 * 1024);

function firstNonZero(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at += zeros.length) {
    const stop = Math.min(end, at + zeros.length);
    // A comparison of memory is much faster than a loop, and nearly always says "all zero".
    if (bytes.compare(zeros, 0, stop - at, at, stop) === 0) continue;
    let found = at;
    while (bytes[found] === 0) found += 1;
    return found;
  }
  return -1;
}
