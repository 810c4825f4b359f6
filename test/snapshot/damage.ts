/** Real LMDB files with known content, and ways to damage them. */

import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "../../src/journal/crc32.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";

/** Numbers from 0 up to `below`, the same for the same seed. */
export function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The value that belongs to a key in all these files; up to `bytesMax` bytes long. */
export function valueFor(key: string, round: number): Buffer {
  const roll = dice(crc32(Buffer.from(`${key}/${round}`), 0, key.length + 1 + `${round}`.length));
  const bytes = [0, roll(100), roll(2000), roll(4000), roll(20_000)][roll(5)] ?? 0;
  const value = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 1) value[at] = roll(256);
  return value;
}

/** What a file holds: for each key the round in which it was written last. */
export type Content = Map<string, number>;

/** Makes a store at `path` with many writes behind it, so that all kinds of pages are there; returns its content. */
export async function makeFile(path: string, seed: number, rounds: number): Promise<Content> {
  const roll = dice(seed);
  const content: Content = new Map();
  const store = openLmdbStore(path, { disk: nodeDisk });
  for (let round = 1; round <= rounds; round += 1) {
    await store.write(async (batch) => {
      for (let left = 1 + roll(round === 1 ? 400 : 60); left > 0; left -= 1) {
        const key = `k${roll(500)}${"x".repeat(roll(3) === 0 ? roll(50) : 0)}`;
        if (roll(4) === 0) {
          batch.remove(Buffer.from(key));
          content.delete(key);
        } else {
          batch.put(Buffer.from(key), valueFor(key, round));
          content.set(key, round);
        }
      }
    });
  }
  await store.close();
  return content;
}

const pageBytes = 4096;

/** A copy of `bytes` with some of it changed: bits, bytes, words, sectors or pages, mostly where structure is. */
export function damage(bytes: Buffer, roll: (below: number) => number): Buffer {
  const damaged = Buffer.from(bytes);
  const pages = bytes.length / pageBytes;
  for (let times = 1 + roll(2); times > 0; times -= 1) {
    const page = pickPage(bytes, pages, roll) * pageBytes;
    const at = page + pickOffset(bytes, page, roll);
    const sector = at - (at % 512);
    const other = roll(pages) * pageBytes;
    const ways: (() => void)[] = [
      () => damaged.writeUInt8((bytes[at] ?? 0) ^ (1 << roll(8)), at),
      () => damaged.writeUInt8(roll(256), at),
      () => damaged.fill([0, 0xff, 7][roll(3)] ?? 0, at, Math.min(at + 1 + roll(8), bytes.length)),
      () => damaged.fill(0, sector, sector + 512),
      () => bytes.copy(damaged, page, other, other + pageBytes),
      () => bytes.copy(damaged, sector, other, other + 512),
    ];
    ways[[0, 0, 0, 1, 1, 2, 2, 3, 4, 5][roll(10)] ?? 0]?.();
  }
  return roll(30) === 0 ? damaged.subarray(0, roll(bytes.length)) : damaged;
}

/** A page, mostly one of a tree or a meta page; those are few. */
function pickPage(bytes: Buffer, pages: number, roll: (below: number) => number): number {
  if (roll(6) === 0) return roll(2);
  if (roll(8) === 0) return roll(pages);
  const start = roll(pages);
  for (let step = 0; step < pages; step += 1) {
    const page = (start + step) % pages;
    if (page > 1 && [1, 2].includes(bytes.readUInt16LE(page * pageBytes + 18))) return page;
  }
  return start;
}

/** A place in the page: its header, its offsets, a node's header, or anything. */
function pickOffset(bytes: Buffer, page: number, roll: (below: number) => number): number {
  const isMeta = page < 2 * pageBytes;
  const way = roll(4);
  if (isMeta) return roll(170);
  if (way === 0) return roll(24);
  const lower = Math.min(bytes.readUInt16LE(page + 20), pageBytes - 24);
  if (way === 1) return 24 + roll(Math.max(lower, 1));
  const node = bytes.readUInt16LE(page + 24 + 2 * roll(Math.max(lower >>> 1, 1)));
  return way === 2 && node < pageBytes - 64 ? 24 + node + roll(40) : roll(pageBytes);
}

/** Copies the file at `path` into the folder `name` beside it and returns its path there. */
export function copyInto(path: string, name: string): string {
  const directory = `${path}.${name}`;
  mkdirSync(directory, { recursive: true });
  const copy = join(directory, "kron.snapshot");
  copyFileSync(path, copy);
  return copy;
}

/** All bytes of a file. */
export function bytesAt(path: string): Buffer {
  return readFileSync(path);
}
