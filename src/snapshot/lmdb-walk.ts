/** Finding and visiting the entries of an LMDB file's main tree. */

import type { SnapshotRange } from "../ports.ts";
import { compareKeys } from "./key-order.ts";
import type { LmdbFile } from "./lmdb-file.ts";
import { noPage } from "./lmdb-format.ts";
import type { NodePage } from "./lmdb-page.ts";

/** Where an entry stands. */
export interface LmdbEntry {
  readonly page: NodePage;
  readonly index: number;
}

/** The entry at `key`, or undefined. Throws `KRON_SNAPSHOT_CORRUPT`. */
export function findEntry(file: LmdbFile, key: Uint8Array): LmdbEntry | undefined {
  const { root, depth } = file.meta.main;
  if (root === noPage) return undefined;
  let page = file.nodePage(root, depth === 1);
  for (let left = depth - 1; left > 0; left -= 1) page = file.nodePage(page.child(childFor(page, key)), left === 1);
  const index = firstNotBelow(page, key, 0);
  return index < page.count && page.compareKey(index, key) === 0 ? { page, index } : undefined;
}

/** Calls `visit` with the entries of `range` until it returns false. Throws `KRON_SNAPSHOT_CORRUPT`. */
export function visitEntries(
  file: LmdbFile,
  range: SnapshotRange,
  visit: (page: NodePage, index: number) => boolean,
): void {
  const { root, depth } = file.meta.main;
  if (root === noPage || compareKeys(range.from, range.to) >= 0) return;
  visitPage(file, file.nodePage(root, depth === 1), depth, range, visit);
}

function visitPage(
  file: LmdbFile,
  page: NodePage,
  depth: number,
  range: SnapshotRange,
  visit: (page: NodePage, index: number) => boolean,
): boolean {
  const first = depth === 1 ? firstNotBelow(page, range.from, 0) : childFor(page, range.from);
  // In a branch the first key stands for everything below the second.
  const end = firstNotBelow(page, range.to, depth === 1 ? 0 : 1);
  const step = range.reverse === true ? -1 : 1;
  for (let index = step > 0 ? first : end - 1; index >= first && index < end; index += step) {
    const goesOn =
      depth === 1
        ? visit(page, index)
        : visitPage(file, file.nodePage(page.child(index), depth === 2), depth - 1, range, visit);
    if (!goesOn) return false;
  }
  return true;
}

/** The child of a branch page under which `key` belongs: the last whose key is not above it. */
function childFor(page: NodePage, key: Uint8Array): number {
  const after = firstNotBelow(page, key, 1);
  return after < page.count && page.compareKey(after, key) === 0 ? after : after - 1;
}

/** The first node from `from` on whose key is not below `key`. */
function firstNotBelow(page: NodePage, key: Uint8Array, from: number): number {
  let low = from;
  let high = page.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (page.compareKey(middle, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
