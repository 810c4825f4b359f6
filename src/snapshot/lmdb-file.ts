/**
 * An LMDB file read with plain reads, without LMDB: no map that a damaged file could make the process crash in, no
 * reader that would keep pages from being used again, no lock, and nothing to install.
 *
 * What is read is the state of the newest transaction when `refresh` was called last. The pages of that state stay
 * as they are until the second transaction after it begins, so the one process that writes never changes them under
 * its own reads; another process may meet pages of later transactions, which are told apart by their numbers.
 */

import { readFully } from "../journal/files.ts";
import type { Disk, FileHandle } from "../ports.ts";
import { type LmdbMeta, metaBytes, overflowFlag, pageHeaderBytes, pickMeta, readMeta, readU64 } from "./lmdb-format.ts";
import { type BigValue, type NodePage, parseNodePage } from "./lmdb-page.ts";
import { PageWindow } from "./page-window.ts";
import { sealBytes } from "./sealed-value.ts";
import { corruptError, readError } from "./snapshot-error.ts";

const cachedPagesMax = 128;

/** An open LMDB file and what its newest meta page says. */
export class LmdbFile {
  readonly path: string;
  readonly #disk: Disk;
  readonly #file: FileHandle;
  readonly #cache = new Map<number, NodePage>();
  readonly #window: PageWindow;
  #meta: LmdbMeta;

  /** Opens the file at `path` and reads its meta pages. Throws `KRON_SNAPSHOT_CORRUPT`, or `KRON_SNAPSHOT_FAILED`. */
  constructor(disk: Disk, path: string) {
    this.path = path;
    this.#disk = disk;
    try {
      this.#file = disk.openRead(path);
    } catch (error) {
      throw readError(path, error);
    }
    this.#window = new PageWindow((into, position) => this.#readUpTo(into, position));
    try {
      this.#meta = this.readMeta();
    } catch (error) {
      disk.close(this.#file);
      throw error;
    }
  }

  /** What the meta page says that was read last. */
  get meta(): LmdbMeta {
    return this.#meta;
  }

  /** The size of the file in bytes. */
  get bytes(): number {
    return this.#disk.size(this.#file);
  }

  /** Moves on to the newest transaction. */
  refresh(): void {
    this.#cache.clear();
    this.#window.clear();
    this.#meta = this.readMeta();
  }

  /** The newest meta page, as it is on the disk now. */
  readMeta(): LmdbMeta {
    const first = this.#metaAt(0, 0);
    const second = this.#metaAt(first.pageBytes, 1);
    const picked = pickMeta(first, second);
    if (typeof picked === "string") throw this.fault(`Expected two meta pages that agree, got ${picked}`);
    return picked;
  }

  /** The branch or leaf page with this number. Throws `KRON_SNAPSHOT_CORRUPT`. */
  nodePage(number: number, isLeaf: boolean): NodePage {
    const cached = this.#cache.get(number);
    if (cached !== undefined && cached.isLeaf === isLeaf) return cached;
    const { pageBytes, txn } = this.#meta;
    const bytes = this.#window.page(number, pageBytes);
    if (bytes === undefined) throw this.fault(`Expected page ${number}, got the end of the file`);
    const page = parseNodePage(bytes, { number, isLeaf, txn });
    if (typeof page === "string") throw this.fault(`Page ${number}: ${page}`);
    if (this.#cache.size >= cachedPagesMax) this.#cache.clear();
    this.#cache.set(number, page);
    return page;
  }

  /** The value of node `index` of a leaf, a view or a copy. Throws `KRON_SNAPSHOT_CORRUPT`. */
  value(page: NodePage, index: number): Uint8Array {
    const big = page.bigValue(index);
    if (big === undefined) return page.inlineValue(index);
    const bytes = page.valueBytes(index);
    this.requireBigValue(big, bytes);
    return this.#bigBytes(big, bytes).subarray(pageHeaderBytes);
  }

  /** The first bytes of a value, enough for its seal. Throws `KRON_SNAPSHOT_CORRUPT`, as `value` does. */
  beginning(page: NodePage, index: number): Uint8Array {
    const big = page.bigValue(index);
    if (big === undefined) return page.inlineValue(index);
    const bytes = page.valueBytes(index);
    this.requireBigValue(big, bytes);
    return this.#bigBytes(big, Math.min(bytes, sealBytes)).subarray(pageHeaderBytes);
  }

  /** Throws unless a value of `bytes` can stand where `big` says. */
  requireBigValue(big: BigValue, bytes: number): void {
    const { firstPage, txn, pages } = big;
    const { lastPage, pageBytes, txn: newest } = this.#meta;
    const fits = pages >= 1 && pages * pageBytes - pageHeaderBytes >= bytes;
    if (fits && firstPage > 1 && firstPage + pages - 1 <= lastPage && txn >= 0 && txn <= newest) return;
    throw this.fault(`Expected a value of ${bytes} bytes on pages of the file, got ${pages} from page ${firstPage} on`);
  }

  /** Fills `into` from `position` on. Throws `KRON_SNAPSHOT_CORRUPT` when the file ends before that. */
  read(into: Uint8Array, position: number): void {
    const got = this.#readUpTo(into, position);
    if (got < into.length) throw this.fault(`Expected ${into.length} bytes at ${position}, got ${got}`);
  }

  /** An error that says what is wrong with this file. */
  fault(what: string): Error {
    return corruptError(this.path, what);
  }

  close(): void {
    this.#disk.close(this.#file);
  }

  #readUpTo(into: Uint8Array, position: number): number {
    try {
      return readFully(this.#disk, this.#file, into, position);
    } catch (error) {
      throw readError(this.path, error);
    }
  }

  #metaAt(position: number, number: number): LmdbMeta {
    const bytes = new Uint8Array(metaBytes);
    this.read(bytes, position);
    const meta = readMeta(new DataView(bytes.buffer), number);
    if (typeof meta === "string") throw this.fault(`Expected a meta page, got ${meta}`);
    return meta;
  }

  /** The header of the first page of a big value and `count` bytes of it. */
  #bigBytes(big: BigValue, count: number): Uint8Array {
    const bytes = new Uint8Array(pageHeaderBytes + count);
    this.read(bytes, big.firstPage * this.#meta.pageBytes);
    const view = new DataView(bytes.buffer);
    const isRight =
      readU64(view, 0) === big.firstPage &&
      readU64(view, 8) === big.txn &&
      view.getUint16(18, true) === overflowFlag &&
      view.getUint32(20, true) === big.pages;
    if (isRight) return bytes;
    throw this.fault(`Expected a value on page ${big.firstPage}, got another page`);
  }
}
