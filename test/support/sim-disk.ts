/**
 * A disk in memory that can lose, tear and refuse. It keeps what is durable apart from what was merely
 * written: `crash` makes the disk a machine would find after power loss, sector by sector as the test chooses.
 *
 * Directory changes survive as a prefix of the order they were made in, as on journaling file systems.
 * A failed sync marks what it covered as clean without making it durable, as Linux does.
 */

import type { Disk, FileHandle } from "../../src/ports.ts";

/** The unit that survives or is lost as a whole. */
export const simSectorBytes = 512;

/** What becomes of one sector that was not synced. */
export type SectorFate = "new" | "old" | "garbage";

/** Decides what a crash leaves. */
export interface CrashChoice {
  /** For each sector that was written and not synced. */
  sector(path: string, sector: number): SectorFate;
  /** For each file whose size changed and was not synced. */
  size(path: string): "new" | "old";
  /** How many of the `count` directory changes since the last directory sync survive. */
  names(count: number): number;
}

interface Inode {
  data: Buffer;
  size: number;
  durable: Buffer;
  durableSize: number;
  dirty: Set<number>;
}

interface Open {
  inode: Inode;
  path: string;
  isWritable: boolean;
}

type NameChange = (names: Map<string, Inode>) => void;

/** An error as Node's file system throws it. */
export function diskError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code, errno: -1 });
}

/** A disk whose every call can be made to fail. */
export class SimDisk implements Disk {
  /** Calls made so far, of all kinds. */
  calls = 0;
  /** The names of the calls made, for finding one of a kind. */
  readonly trace: string[] = [];
  /** The call with this number (from 1) fails once, with this code. */
  failAt: { readonly call: number; readonly code: string } | undefined;
  /** Decides for each call whether it fails; for failures by kind or by path. */
  failIf: ((call: string, path: string) => string | undefined) | undefined;
  /** Writes take at most this many bytes at a time, and so do reads. */
  transferBytesMax = Number.POSITIVE_INFINITY;
  /** Bytes that may still be allocated; a write that needs more is cut short, then fails with ENOSPC. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Background syncs wait for `releaseSyncs`. */
  holdSyncs = false;
  readonly #names: Map<string, Inode>;
  #durableNames: Map<string, Inode>;
  #nameChanges: NameChange[] = [];
  readonly #directories = new Set<string>();
  readonly #open = new Map<FileHandle, Open>();
  #nextHandle = 3;
  #held: (() => void)[] = [];

  constructor(names = new Map<string, Inode>(), directories: Iterable<string> = []) {
    this.#names = names;
    this.#durableNames = new Map(names);
    for (const directory of directories) this.#directories.add(directory);
  }

  // What tests look at and change.

  /** Files that are open now; a leak shows here. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The bytes of a file as a reader sees them; a copy. */
  contents(path: string): Buffer {
    const inode = this.#find(path);
    return Buffer.from(inode.data.subarray(0, inode.size));
  }

  /** Replaces a file, durably. */
  put(path: string, bytes: Uint8Array): void {
    const inode = newInode();
    inode.data = Buffer.from(bytes);
    inode.size = bytes.length;
    makeDurable(inode);
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** Removes a file, durably. */
  drop(path: string): void {
    this.#names.delete(path);
    this.#durableNames.delete(path);
  }

  /** Paths of all files. */
  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** Sectors of `path` that are written and not synced. */
  dirtySectors(path: string): number[] {
    return [...this.#find(path).dirty].sort((one, other) => one - other);
  }

  /** How many background syncs wait. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Lets the background syncs that wait happen now. */
  releaseSyncs(): void {
    const held = this.#held;
    this.#held = [];
    for (const sync of held) sync();
  }

  /** The disk as it is now, for another process: nothing lost, nothing shared, nothing open. */
  copy(): SimDisk {
    return this.crash({ sector: () => "new", size: () => "new", names: (count) => count });
  }

  /** The disk after power loss. This one stays as it is. */
  crash(choice: CrashChoice): SimDisk {
    const kept = choice.names(this.#nameChanges.length);
    const names = new Map(this.#durableNames);
    for (const change of this.#nameChanges.slice(0, kept)) change(names);
    const after = new Map<string, Inode>();
    for (const [path, inode] of names) after.set(path, crashInode(inode, path, choice));
    return new SimDisk(after, this.#directories);
  }

  // Disk.

  openRead(path: string): FileHandle {
    this.#begin("openRead", path);
    return this.#register({ inode: this.#find(path), path, isWritable: false });
  }

  openWrite(path: string, options: { readonly create: boolean; readonly exclusive?: boolean }): FileHandle {
    this.#begin("openWrite", path);
    let inode = this.#names.get(path);
    if (inode !== undefined && options.exclusive === true) throw diskError("EEXIST");
    if (inode === undefined) {
      if (!options.create) throw diskError("ENOENT");
      inode = newInode();
      const made = inode;
      this.#change((names) => names.set(path, made));
    }
    return this.#register({ inode, path, isWritable: true });
  }

  close(file: FileHandle): void {
    this.#begin("close", this.#opened(file).path);
    this.#open.delete(file);
  }

  read(file: FileHandle, into: Uint8Array, position: number): number {
    const { inode, path } = this.#opened(file);
    this.#begin("read", path);
    const count = Math.max(0, Math.min(into.length, inode.size - position, this.transferBytesMax));
    into.set(inode.data.subarray(position, position + count));
    return count;
  }

  write(file: FileHandle, from: Uint8Array, position: number): number {
    const { inode, path, isWritable } = this.#opened(file);
    if (!isWritable) throw diskError("EBADF");
    this.#begin("write", path);
    const growth = Math.max(0, position + from.length - inode.size);
    if (growth > 0 && this.freeBytes <= 0) throw diskError("ENOSPC");
    const cut = Math.max(0, growth - this.freeBytes);
    const count = Math.min(from.length - cut, this.transferBytesMax);
    const grown = Math.max(0, position + count - inode.size);
    this.freeBytes -= grown;
    resize(inode, Math.max(inode.size, position + count));
    inode.data.set(from.subarray(0, count), position);
    markDirty(inode, position, position + count);
    return count;
  }

  size(file: FileHandle): number {
    const { inode, path } = this.#opened(file);
    this.#begin("size", path);
    return inode.size;
  }

  truncate(file: FileHandle, bytes: number): void {
    const { inode, path } = this.#opened(file);
    this.#begin("truncate", path);
    this.freeBytes += inode.size - bytes;
    resize(inode, bytes);
  }

  syncData(file: FileHandle, done: (error: Error | null) => void): void {
    const { inode, path } = this.#opened(file);
    // What is written after the call is not covered, though it may happen to survive.
    const covered = snapshot(inode);
    const run = (): void => {
      try {
        this.#begin("syncData", path);
      } catch (error) {
        for (const sector of covered.sectors.keys()) inode.dirty.delete(sector);
        done(error as Error);
        return;
      }
      settle(inode, covered);
      done(null);
    };
    if (this.holdSyncs) this.#held.push(run);
    else setImmediate(run);
  }

  syncDataNow(file: FileHandle): void {
    const { inode, path } = this.#opened(file);
    const covered = snapshot(inode);
    try {
      this.#begin("syncDataNow", path);
    } catch (error) {
      for (const sector of covered.sectors.keys()) inode.dirty.delete(sector);
      throw error;
    }
    settle(inode, covered);
  }

  syncDirectory(path: string): void {
    this.#begin("syncDirectory", path);
    this.#durableNames = new Map(this.#names);
    this.#nameChanges = [];
  }

  rename(from: string, to: string): void {
    this.#begin("rename", from);
    const inode = this.#find(from);
    this.#change((names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  remove(path: string): void {
    this.#begin("remove", path);
    this.freeBytes += this.#find(path).size;
    this.#change((names) => names.delete(path));
  }

  list(path: string): string[] {
    this.#begin("list", path);
    const prefix = `${path}/`;
    return [...this.#names.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  exists(path: string): boolean {
    this.#begin("exists", path);
    return this.#names.has(path) || this.#directories.has(path);
  }

  makeDirectory(path: string): void {
    this.#begin("makeDirectory", path);
    this.#directories.add(path);
  }

  stat(path: string): ReturnType<Disk["stat"]> {
    this.#begin("stat", path);
    const uid = process.geteuid?.() ?? 0;
    if (this.#directories.has(path)) return { kind: "directory", mode: 0o700, uid, bytes: 0 };
    const inode = this.#names.get(path);
    return inode === undefined ? undefined : { kind: "file", mode: 0o600, uid, bytes: inode.size };
  }

  #begin(call: string, path: string): void {
    this.calls += 1;
    this.trace.push(call);
    if (this.failAt?.call === this.calls) throw diskError(this.failAt.code);
    const code = this.failIf?.(call, path);
    if (code !== undefined) throw diskError(code);
  }

  #change(change: NameChange): void {
    change(this.#names);
    this.#nameChanges.push(change);
  }

  #find(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw diskError("ENOENT");
    return inode;
  }

  #register(open: Open): FileHandle {
    const handle = this.#nextHandle;
    this.#nextHandle += 1;
    this.#open.set(handle, open);
    return handle;
  }

  #opened(file: FileHandle): Open {
    const open = this.#open.get(file);
    if (open === undefined) throw diskError("EBADF");
    // The file may have been renamed since it was opened.
    if (this.#names.get(open.path) !== open.inode) {
      for (const [path, inode] of this.#names) if (inode === open.inode) open.path = path;
    }
    return open;
  }
}

function newInode(): Inode {
  return { data: Buffer.alloc(0), size: 0, durable: Buffer.alloc(0), durableSize: 0, dirty: new Set() };
}

function resize(inode: Inode, size: number): void {
  if (size > inode.data.length) {
    const larger = Buffer.alloc(Math.max(size, inode.data.length * 2));
    inode.data.copy(larger, 0, 0, inode.size);
    inode.data = larger;
  } else if (size < inode.size) inode.data.fill(0, size, inode.size);
  if (size > inode.size) markDirty(inode, inode.size, size);
  inode.size = size;
}

function markDirty(inode: Inode, start: number, end: number): void {
  if (end <= start) return;
  for (let at = Math.floor(start / simSectorBytes); at * simSectorBytes < end; at += 1) inode.dirty.add(at);
}

interface Snapshot {
  readonly size: number;
  readonly sectors: Map<number, Buffer>;
}

function snapshot(inode: Inode): Snapshot {
  const sectors = new Map<number, Buffer>();
  for (const sector of inode.dirty) sectors.set(sector, Buffer.from(sectorOf(inode.data, sector)));
  return { size: inode.size, sectors };
}

function settle(inode: Inode, { size, sectors }: Snapshot): void {
  inode.durable = withLength(inode.durable, size);
  inode.durableSize = size;
  for (const [sector, bytes] of sectors) {
    bytes.copy(inode.durable, sector * simSectorBytes, 0, Math.max(0, size - sector * simSectorBytes));
    if (Buffer.compare(sectorOf(inode.data, sector), bytes) === 0) inode.dirty.delete(sector);
  }
}

function makeDurable(inode: Inode): void {
  inode.durable = Buffer.from(inode.data.subarray(0, inode.size));
  inode.durableSize = inode.size;
  inode.dirty.clear();
}

/** One sector's bytes, zeros beyond the end. */
function sectorOf(bytes: Buffer, sector: number): Buffer {
  const start = sector * simSectorBytes;
  const part = bytes.subarray(start, start + simSectorBytes);
  return part.length === simSectorBytes ? part : Buffer.concat([part], simSectorBytes);
}

function withLength(bytes: Buffer, length: number): Buffer {
  return bytes.length >= length ? bytes : Buffer.concat([bytes], length);
}

function crashInode(inode: Inode, path: string, choice: CrashChoice): Inode {
  const isResized = inode.size !== inode.durableSize;
  const size = isResized && choice.size(path) === "old" ? inode.durableSize : inode.size;
  const data = Buffer.alloc(size);
  inode.durable.copy(data, 0, 0, Math.min(size, inode.durableSize));
  for (const sector of inode.dirty) {
    const start = sector * simSectorBytes;
    if (start >= size) continue;
    const fate = choice.sector(path, sector);
    if (fate === "new") sectorOf(inode.data, sector).copy(data, start);
    else if (fate === "garbage") garbage(sector).copy(data, start);
  }
  const after = newInode();
  after.data = data;
  after.size = size;
  makeDurable(after);
  return after;
}

/** Bytes that mean nothing, the same for the same sector. */
function garbage(sector: number): Buffer {
  const bytes = Buffer.alloc(simSectorBytes);
  let state = (sector + 1) * 0x9e3779b1;
  for (let at = 0; at < bytes.length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
