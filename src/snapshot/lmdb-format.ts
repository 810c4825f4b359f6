/**
 * The bytes of an LMDB file as lmdb 3.x writes them on machines with 64-bit words: data version 2 of LMDB, which
 * puts a transaction number into each page header. All numbers are little-endian, all offsets in bytes.
 *
 * A file is an array of pages. Pages 0 and 1 are meta pages: transaction N writes page N mod 2, and the one with
 * the higher N counts. A page that a meta page leads to is never changed; a later transaction writes new ones.
 *
 *     page   0         8        16    18      20      22      24
 *            ├─────────┼────────┼─────┼───────┼───────┼───────┼─── … ─┤
 *            │ number  │ txn    │ pad │ flags │ lower │ upper │       │
 *            └─────────┴────────┴─────┴───────┴───────┴───────┴─── … ─┘
 *     node pages (branch, leaf): offsets of nodes (2 bytes each, from byte 24), free space, nodes up to the end;
 *                                lower and upper are the bounds of the free space; all three count from byte 24
 *     overflow pages:            a u32 page count in place of lower and upper, then the value
 *     node                       u32 size of the value, u16 flags, u16 key size, key, value; in a branch page
 *                                u48 page number of the child, u16 key size, key
 *     big value in a node        page number, txn, page count, 8 bytes each
 *     meta                       from byte 24: u32 magic, u32 version, address, map size, tree of free pages,
 *                                main tree, last page, txn, boot id
 *     tree                       u32 (page size in the first tree), u16 flags, u16 depth, branch pages, leaf pages,
 *                                overflow pages, entries, root
 *
 * Free pages stand in a tree of their own: under a transaction's number (8 bytes), a list of 8-byte words: how
 * many words follow, then words of 0 (nothing), a page, or -n and a page for n pages in a row.
 */

/** Bytes of a page header. */
export const pageHeaderBytes = 24;
/** Bytes of a node before its key. */
export const nodeHeaderBytes = 8;
/** Bytes of a node's value that say where a big value stands. */
export const bigValueBytes = 24;
/** Bytes of a meta page that mean something. */
export const metaBytes = pageHeaderBytes + 144;

/** Page flags. */
export const branchFlag = 1;
/** Page flags. */
export const leafFlag = 2;
/** Page flags. */
export const overflowFlag = 4;
/** Node flag: the value stands on overflow pages. */
export const bigFlag = 1;

const metaFlag = 8;
const magic = 0xbeef_c0de;
const dataVersion = 2;
const pageBytesMin = 512;
const pageBytesMax = 65_536;
/** Of the tree of free pages: its keys are integers; and whether the path is a file is remembered there too. */
const integerKeyFlag = 8;
const noSubdirFlag = 0x4000;
/** LMDB's cursors go no deeper. */
const depthMax = 32;

/** The root of a tree without entries. */
export const noPage = -1;

/** A B-tree of the file. */
export interface LmdbTree {
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  /** `noPage` when the tree is empty. */
  readonly root: number;
}

/** What a meta page says. */
export interface LmdbMeta {
  readonly pageBytes: number;
  readonly free: LmdbTree;
  readonly main: LmdbTree;
  readonly lastPage: number;
  readonly txn: number;
}

/** A number of 8 bytes; `noPage` for all ones, NaN when it is no safe integer. */
export function readU64(view: DataView, at: number): number {
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  if (low === 0xffff_ffff && high === 0xffff_ffff) return noPage;
  return high < 0x20_0000 ? high * 0x1_0000_0000 + low : Number.NaN;
}

/** The meta page whose first `metaBytes` bytes are in `view`, as page `number`; or what is wrong with it. */
export function readMeta(view: DataView, number: number): LmdbMeta | string {
  if (view.byteLength < metaBytes) return "a meta page is cut short";
  if (view.getUint32(24, true) !== magic) return "no magic number of LMDB";
  if (view.getUint32(28, true) !== dataVersion) return `data version ${view.getUint32(28, true)} of LMDB`;
  if (readU64(view, 0) !== number || view.getUint16(18, true) !== metaFlag) return "a bad header of a meta page";
  const pageBytes = view.getUint32(48, true);
  if (pageBytes < pageBytesMin || pageBytes > pageBytesMax || (pageBytes & (pageBytes - 1)) !== 0) {
    return `pages of ${pageBytes} bytes`;
  }
  if ((view.getUint16(52, true) & ~noSubdirFlag) !== integerKeyFlag) return "bad flags of the free tree";
  if (view.getUint16(100, true) !== 0 || view.getUint32(96, true) !== 0) return "bad flags of the main tree";
  const free = readTree(view, 48);
  const main = readTree(view, 96);
  const lastPage = readU64(view, 144);
  const txn = readU64(view, 152);
  if (free === undefined || main === undefined || !(lastPage >= 1) || !(txn >= 0)) return "bad numbers in a meta page";
  return { pageBytes, free, main, lastPage, txn };
}

function readTree(view: DataView, at: number): LmdbTree | undefined {
  const tree = {
    depth: view.getUint16(at + 6, true),
    branchPages: readU64(view, at + 8),
    leafPages: readU64(view, at + 16),
    overflowPages: readU64(view, at + 24),
    entries: readU64(view, at + 32),
    root: readU64(view, at + 40),
  };
  const { depth, root, ...counts } = tree;
  if (!Object.values(counts).every((count) => count >= 0)) return undefined;
  if (root === noPage) return depth === 0 && Object.values(counts).every((count) => count === 0) ? tree : undefined;
  return root > 1 && depth >= 1 && depth <= depthMax ? tree : undefined;
}

/** The meta page that counts: the newer one. Transaction N writes page N mod 2, so the two are one apart. */
export function pickMeta(first: LmdbMeta, second: LmdbMeta): LmdbMeta | string {
  if (first.pageBytes !== second.pageBytes) return "two page sizes";
  const isNew = first.txn === 0 && second.txn <= 1;
  const isPair = Math.abs(first.txn - second.txn) === 1 && first.txn % 2 === 0;
  if (!isNew && !isPair) return `meta pages of transactions ${first.txn} and ${second.txn}`;
  return first.txn >= second.txn ? first : second;
}

/** A file of `pageBytes` a page with nothing in it: two meta pages of transaction 0. */
export function packEmptyFile(pageBytes: number): Uint8Array {
  const bytes = new Uint8Array(2 * pageBytes);
  const view = new DataView(bytes.buffer);
  for (const number of [0, 1]) {
    const at = number * pageBytes;
    view.setUint32(at, number, true);
    view.setUint16(at + 18, metaFlag, true);
    view.setUint32(at + 24, magic, true);
    view.setUint32(at + 28, dataVersion, true);
    view.setUint32(at + 40, bytes.length, true);
    view.setUint32(at + 48, pageBytes, true);
    view.setUint16(at + 52, integerKeyFlag | noSubdirFlag, true);
    bytes.fill(0xff, at + 88, at + 96);
    bytes.fill(0xff, at + 136, at + 144);
    view.setUint32(at + 144, 1, true);
  }
  return bytes;
}
