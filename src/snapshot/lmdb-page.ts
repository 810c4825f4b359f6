/** One branch or leaf page of an LMDB file: everything in it that could lead a reader astray is checked at once. */

import {
  bigFlag,
  bigValueBytes,
  branchFlag,
  leafFlag,
  nodeHeaderBytes,
  pageHeaderBytes,
  readU64,
} from "./lmdb-format.ts";

/** What the page is expected to be. */
export interface ExpectedPage {
  readonly number: number;
  readonly isLeaf: boolean;
  /** The transaction of the meta page that led here; no page is younger. */
  readonly txn: number;
}

/** Where a big value stands. */
export interface BigValue {
  readonly firstPage: number;
  readonly txn: number;
  readonly pages: number;
}

/** A page whose offsets and sizes hold. */
export class NodePage {
  readonly count: number;
  readonly isLeaf: boolean;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** For `parseNodePage`, which has checked `bytes`. */
  constructor(bytes: Uint8Array, view: DataView, count: number, isLeaf: boolean) {
    this.#bytes = bytes;
    this.#view = view;
    this.count = count;
    this.isLeaf = isLeaf;
  }

  /** The key of node `index`; empty for the first node of a branch page. */
  key(index: number): Uint8Array {
    const at = this.#nodeAt(index);
    const keyAt = at + nodeHeaderBytes;
    return this.#bytes.subarray(keyAt, keyAt + this.#view.getUint16(at + 6, true));
  }

  /** Negative, zero or positive as the key of node `index` stands before, at or behind `key`. Makes no array. */
  compareKey(index: number, key: Uint8Array): number {
    const at = this.#nodeAt(index);
    const keyAt = at + nodeHeaderBytes;
    const length = this.#view.getUint16(at + 6, true);
    const common = Math.min(length, key.length);
    for (let i = 0; i < common; i += 1) {
      const difference = (this.#bytes[keyAt + i] as number) - (key[i] as number);
      if (difference !== 0) return difference;
    }
    return length - key.length;
  }

  /** The page that node `index` of a branch page leads to. */
  child(index: number): number {
    const at = this.#nodeAt(index);
    return this.#view.getUint16(at + 4, true) * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }

  /** The size in bytes of the value of node `index` of a leaf page. */
  valueBytes(index: number): number {
    return this.#view.getUint32(this.#nodeAt(index), true);
  }

  /** Where the value of node `index` stands, if not in the page. */
  bigValue(index: number): BigValue | undefined {
    const at = this.#nodeAt(index);
    if (this.#view.getUint16(at + 4, true) !== bigFlag) return undefined;
    const data = at + nodeHeaderBytes + this.#view.getUint16(at + 6, true);
    return {
      firstPage: readU64(this.#view, data),
      txn: readU64(this.#view, data + 8),
      pages: readU64(this.#view, data + 16),
    };
  }

  /** The value of node `index`, which is not a big one; a view. */
  inlineValue(index: number): Uint8Array {
    const at = this.#nodeAt(index);
    const data = at + nodeHeaderBytes + this.#view.getUint16(at + 6, true);
    return this.#bytes.subarray(data, data + this.#view.getUint32(at, true));
  }

  #nodeAt(index: number): number {
    return pageHeaderBytes + this.#view.getUint16(pageHeaderBytes + 2 * index, true);
  }
}

/** The page in `bytes`, which are not to change any more; or what is wrong with it. */
export function parseNodePage(bytes: Uint8Array, expected: ExpectedPage): NodePage | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (readU64(view, 0) !== expected.number) return `another page stands where page ${expected.number} should be`;
  if (view.getUint16(18, true) !== (expected.isLeaf ? leafFlag : branchFlag)) return "a page of another kind";
  const txn = readU64(view, 8);
  if (!(txn >= 0 && txn <= expected.txn)) return "a page of a later transaction";
  const lower = view.getUint16(20, true);
  const upper = view.getUint16(22, true);
  const space = bytes.length - pageHeaderBytes;
  if (lower % 2 !== 0 || lower > upper || upper > space) return "bad bounds of the nodes";
  const count = lower / 2;
  // LMDB itself never leaves a leaf empty, nor a branch with a single child, except in the tree of free pages.
  if (count === 0) return "a page without nodes";
  return findBadNode(view, count, upper, space, expected.isLeaf) ?? new NodePage(bytes, view, count, expected.isLeaf);
}

/** Nodes stand without gaps and overlaps between `upper` and the end, each rounded up to 2 bytes. */
function findBadNode(view: DataView, count: number, upper: number, space: number, isLeaf: boolean): string | undefined {
  const starts = new Uint32Array(count);
  let used = 0;
  for (let index = 0; index < count; index += 1) {
    const start = view.getUint16(pageHeaderBytes + 2 * index, true);
    if (start < upper || start % 2 !== 0 || start + nodeHeaderBytes > space) return "a node outside its page";
    const bytes = nodeBytes(view, pageHeaderBytes + start, isLeaf);
    if (bytes === undefined) return "bad flags of a node";
    if (start + bytes > space) return "a node that is too large";
    starts[index] = start * 0x1_0000 + bytes;
    used += bytes;
  }
  if (used !== space - upper) return "gaps between nodes";
  starts.sort();
  let at = upper;
  for (const packed of starts) {
    if (packed >>> 16 !== at) return "overlapping nodes";
    at += packed & 0xffff;
  }
  return undefined;
}

function nodeBytes(view: DataView, at: number, isLeaf: boolean): number | undefined {
  const keyBytes = view.getUint16(at + 6, true);
  const bare = nodeHeaderBytes + keyBytes;
  if (!isLeaf) return bare + (bare % 2);
  const flags = view.getUint16(at + 4, true);
  if (flags !== 0 && flags !== bigFlag) return undefined;
  const bytes = bare + (flags === bigFlag ? bigValueBytes : view.getUint32(at, true));
  return bytes + (bytes % 2);
}
