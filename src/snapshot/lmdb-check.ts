/**
 * Judges an LMDB file before LMDB may map it. LMDB trusts what it reads: a wrong page number or size ends the
 * process with a segmentation fault, and a page that is listed as free while it is in use is written over. Here all
 * of it is looked at with plain reads: the meta pages, each branch and leaf page of both trees, the list of free
 * pages, and the first page of each big value. What stands in values is left to their own checksums.
 */

import type { Disk } from "../ports.ts";
import { compareKeys } from "./key-order.ts";
import { LmdbFile } from "./lmdb-file.ts";
import { type LmdbTree, noPage, readU64 } from "./lmdb-format.ts";
import type { NodePage } from "./lmdb-page.ts";
import { isSealOf } from "./sealed-value.ts";

/** Checks the LMDB file at `path`. Throws `KRON_SNAPSHOT_CORRUPT` for whatever is wrong. */
export function checkLmdbFile(disk: Disk, path: string): void {
  const file = new LmdbFile(disk, path);
  try {
    checkOpenFile(file);
  } finally {
    file.close();
  }
}

/** The same for a file that is open already. */
export function checkOpenFile(file: LmdbFile): void {
  const { pageBytes, lastPage, main, free } = file.meta;
  const pagesOfFile = Math.floor(file.bytes / pageBytes);
  const seen = new PageSet(file, Math.max(pagesOfFile, 2), lastPage);
  new TreeCheck(file, seen, main, (page, index) => {
    const key = page.key(index);
    if (!isSealOf(key, file.beginning(page, index))) throw file.fault("Expected a value sealed with its key");
  }).run(compareKeys);
  new TreeCheck(file, seen, free, (page, index) => checkFreeList(file, seen, page, index)).run(compareNumbers);
  seen.requireTail();
}

/** Which pages are spoken for: each at most once. */
class PageSet {
  readonly #file: LmdbFile;
  readonly #bits: Uint8Array;
  readonly #pagesOfFile: number;
  readonly #lastPage: number;
  #beyond = 0;

  constructor(file: LmdbFile, pagesOfFile: number, lastPage: number) {
    this.#file = file;
    this.#bits = new Uint8Array((pagesOfFile >>> 3) + 1);
    this.#pagesOfFile = pagesOfFile;
    this.#lastPage = lastPage;
  }

  /** Takes `count` pages from `first` on for the trees; they have to be in the file. */
  use(first: number, count: number): void {
    const end = first + count;
    if (!(first > 1 && end <= this.#pagesOfFile && end - 1 <= this.#lastPage)) {
      throw this.#file.fault(`Expected pages of the file, got ${count} from page ${first} on`);
    }
    for (let page = first; page < end; page += 1) this.#take(page);
  }

  /** Takes free pages, which may also stand behind the end of a file that was never written that far. */
  release(first: number, count: number): void {
    const end = first + count;
    if (!(first > 1 && end - 1 <= this.#lastPage)) {
      throw this.#file.fault(`Expected free pages of the file, got ${count} from page ${first} on`);
    }
    for (let page = first; page < Math.min(end, this.#pagesOfFile); page += 1) this.#take(page);
    this.#beyond += Math.max(0, end - Math.max(first, this.#pagesOfFile));
  }

  /** The file may be shorter than its last page only by free pages. */
  requireTail(): void {
    if (this.#beyond === Math.max(0, this.#lastPage + 1 - this.#pagesOfFile)) return;
    throw this.#file.fault(`Expected ${this.#lastPage + 1} pages, got ${this.#pagesOfFile}`);
  }

  #take(page: number): void {
    const bit = 1 << (page & 7);
    const byte = this.#bits[page >>> 3] as number;
    if ((byte & bit) !== 0) throw this.#file.fault(`Expected page ${page} in one place, got it in two`);
    this.#bits[page >>> 3] = byte | bit;
  }
}

type Counts = Pick<LmdbTree, "branchPages" | "leafPages" | "overflowPages" | "entries">;
type CompareKeys = (one: Uint8Array, other: Uint8Array) => number;

/** The walk over one tree, with what has been counted. */
class TreeCheck {
  readonly #file: LmdbFile;
  readonly #seen: PageSet;
  readonly #tree: LmdbTree;
  readonly #checkEntry: (page: NodePage, index: number) => void;
  readonly #counts: { -readonly [name in keyof Counts]: Counts[name] } = {
    branchPages: 0,
    leafPages: 0,
    overflowPages: 0,
    entries: 0,
  };
  #compare: CompareKeys = compareKeys;

  constructor(file: LmdbFile, seen: PageSet, tree: LmdbTree, checkEntry: (page: NodePage, index: number) => void) {
    this.#file = file;
    this.#seen = seen;
    this.#tree = tree;
    this.#checkEntry = checkEntry;
  }

  run(compare: CompareKeys): void {
    const { root, depth } = this.#tree;
    if (root === noPage) return;
    this.#compare = compare;
    this.#visit(root, depth, undefined, undefined);
    for (const [name, count] of Object.entries(this.#counts)) {
      const expected = this.#tree[name as keyof Counts];
      if (count !== expected) throw this.#file.fault(`Expected ${expected} ${name}, got ${count}`);
    }
  }

  /** Checks the page and all below it, whose keys are to be from `from` on and below `to`. */
  #visit(number: number, depth: number, from: Uint8Array | undefined, to: Uint8Array | undefined): void {
    this.#seen.use(number, 1);
    const isLeaf = depth === 1;
    const page = this.#file.nodePage(number, isLeaf);
    this.#requireOrder(page, from, to);
    if (isLeaf) this.#visitLeaf(page);
    else {
      this.#counts.branchPages += 1;
      for (let index = 0; index < page.count; index += 1) {
        const low = index === 0 ? from : page.key(index);
        const high = index + 1 === page.count ? to : page.key(index + 1);
        this.#visit(page.child(index), depth - 1, low, high);
      }
    }
  }

  #visitLeaf(page: NodePage): void {
    this.#counts.leafPages += 1;
    this.#counts.entries += page.count;
    for (let index = 0; index < page.count; index += 1) {
      const big = page.bigValue(index);
      if (big !== undefined) {
        this.#file.requireBigValue(big, page.valueBytes(index));
        this.#seen.use(big.firstPage, big.pages);
        this.#counts.overflowPages += big.pages;
      }
      this.#checkEntry(page, index);
    }
  }

  #requireOrder(page: NodePage, from: Uint8Array | undefined, to: Uint8Array | undefined): void {
    // The first key of a branch page is not looked at by anybody.
    const first = page.isLeaf ? 0 : 1;
    let before = from;
    for (let index = first; index < page.count; index += 1) {
      const key = page.key(index);
      if (key.length === 0) throw this.#file.fault("Expected keys, got one of no bytes");
      if (before !== undefined) {
        const order = this.#compare(before, key);
        // A leaf may begin with the very key that leads to it.
        if (order > 0 || (order === 0 && !(index === 0 && before === from))) {
          throw this.#file.fault("Expected keys in order");
        }
      }
      before = key;
    }
    if (before !== undefined && to !== undefined && this.#compare(before, to) >= 0) {
      throw this.#file.fault("Expected keys in order from page to page");
    }
  }
}

/** One list of free pages: `[count, word …]`, see lmdb-format.ts. */
function checkFreeList(file: LmdbFile, seen: PageSet, page: NodePage, index: number): void {
  const key = page.key(index);
  const txn = key.length === 8 ? readU64(viewOfCopy(key), 0) : 0;
  if (!(txn >= 1 && txn <= file.meta.txn)) throw file.fault("Expected the number of a transaction");
  const bytes = file.value(page, index);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length >= 8 && bytes.length % 8 === 0 ? readU64(words, 0) : Number.NaN;
  if (!(count >= 0 && (count + 1) * 8 <= bytes.length)) throw file.fault("Expected a list of free pages");
  for (let at = 1; at <= count; at += 1) {
    const word = readI64(words, at * 8);
    if (word === 0) continue;
    if (word > 0) seen.release(word, 1);
    else if (word < 0 && at < count) {
      at += 1;
      seen.release(readI64(words, at * 8), -word);
    } else throw file.fault("Expected numbers of free pages");
  }
}

/** Keys of the free tree are numbers; those of a wrong length count as equal, which is a fault. */
function compareNumbers(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== 8 || other.length !== 8) return 0;
  return readU64(viewOfCopy(one), 0) - readU64(viewOfCopy(other), 0);
}

function viewOfCopy(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A signed number of 8 bytes; NaN when it is no safe integer. */
function readI64(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true);
  const value = high * 0x1_0000_0000 + view.getUint32(at, true);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}
