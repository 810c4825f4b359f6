/**
 * `kron.sync`, the durable-index sidecar: how far the journal is known to be synced, kept beside it so that
 * damage to the very last batch cannot be taken for a torn write.
 *
 * Two slots of 4 KiB are written in turn, so that a torn write spoils one at most. A slot is one frame of
 * kind `sidecar`: seq counts the writes, durable is the index, the body is `[uuid, firstIndex]`. It is
 * written after each sync of the journal and itself synced when the journal is quiet, at a change of segment
 * and at the end; it can be behind the journal, never ahead of it. docs/journal-format.md has the bytes.
 */

import { KronError } from "../core/errors.ts";
import type { Disk, FileHandle } from "../ports.ts";
import { packCopy, unpackUuidAndNumber } from "./codec.ts";
import { readFully, writeFully } from "./files.ts";
import {
  bodyChecksum,
  emptyHeader,
  FRAME_FLAG,
  FRAME_KIND,
  frameBytes,
  frameHeaderBytes,
  readHeader,
  writeFrame,
} from "./frame.ts";

/** Bytes of one slot; there are two. */
export const slotBytes = 4096;
const fileBytes = 2 * slotBytes;

/** What a sidecar says. */
export interface SidecarState {
  /** The journal it belongs to, 16 bytes. */
  readonly uuid: Uint8Array;
  /** The first index that the journal still holds; what came before was dropped on purpose. */
  readonly firstIndex: number;
  /** The highest index known to be synced. */
  readonly durable: number;
  /** A sync failed after `durable`: what follows may be in the machine's memory only. */
  readonly syncFailed: boolean;
  /** How often it was written. */
  readonly serial: number;
}

/** The newest good slot of the file, or undefined when there is none. Throws `KRON_JOURNAL_VERSION`. */
export function readSidecar(disk: Disk, file: FileHandle, path: string): SidecarState | undefined {
  const bytes = Buffer.alloc(fileBytes);
  readFully(disk, file, bytes, 0);
  const slots = [readSlot(bytes, 0, path), readSlot(bytes, slotBytes, path)].filter((slot) => slot !== undefined);
  return slots.sort((one, other) => other.serial - one.serial)[0];
}

function readSlot(bytes: Uint8Array, at: number, path: string): SidecarState | undefined {
  const header = emptyHeader();
  const fault = readHeader(bytes, at, header, 0);
  if (fault === "version" || (fault === undefined && header.kind !== FRAME_KIND.sidecar)) {
    throw new KronError("KRON_JOURNAL_VERSION", `Expected a sidecar of version 1 at ${path}:${at}`, {
      hint: "Use the version of Kron that wrote this directory, or a newer one",
    });
  }
  if (fault !== undefined || frameBytes(header.bodyBytes) > slotBytes) return undefined;
  const bodyAt = at + frameHeaderBytes;
  if (bodyChecksum(bytes, bodyAt, header.bodyBytes) !== header.bodyCrc) return undefined;
  const [uuid, firstIndex] = unpackUuidAndNumber(bytes, bodyAt, bodyAt + header.bodyBytes);
  return {
    uuid,
    firstIndex,
    durable: header.durable,
    syncFailed: (header.flags & FRAME_FLAG.syncFailed) !== 0,
    serial: header.seq,
  };
}

/** The sidecar of an open journal, for writing. */
export class Sidecar {
  readonly #disk: Disk;
  readonly #file: FileHandle;
  readonly #uuid: Uint8Array;
  readonly #header = emptyHeader();
  #firstIndex: number;
  #body: Uint8Array;
  #slot: Buffer;
  #serial: number;

  /** `file` must be open for writing; `serial` is that of the slot read before, 0 for a new file. */
  constructor(disk: Disk, file: FileHandle, uuid: Uint8Array, firstIndex: number, serial: number) {
    this.#disk = disk;
    this.#file = file;
    this.#uuid = uuid;
    this.#firstIndex = firstIndex;
    this.#serial = serial;
    this.#body = packCopy([uuid, firstIndex]);
    this.#slot = Buffer.alloc(frameBytes(this.#body.length));
    this.#header.kind = FRAME_KIND.sidecar;
  }

  /** The first index that the journal still has to hold. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  /** Changes what the next write says. */
  set firstIndex(firstIndex: number) {
    this.#firstIndex = firstIndex;
    this.#body = packCopy([this.#uuid, firstIndex]);
    this.#slot = Buffer.alloc(frameBytes(this.#body.length));
  }

  /** Gives the file its full size and a first statement, and syncs both. */
  create(durable: number): void {
    writeFully(this.#disk, this.#file, Buffer.alloc(fileBytes), 0);
    this.write(durable);
    this.syncNow();
  }

  /** States that everything up to `durable` is synced. Survives the process; the machine only once synced. */
  write(durable: number, syncFailed = false): void {
    const serial = this.#serial + 1;
    this.#header.seq = serial;
    this.#header.durable = durable;
    this.#header.flags = syncFailed ? FRAME_FLAG.syncFailed : 0;
    writeFrame(this.#slot, 0, this.#header, this.#body, 0);
    writeFully(this.#disk, this.#file, this.#slot, (serial % 2) * slotBytes);
    // A write that failed may have spoilt its slot, so the next one goes there again and leaves the good one alone.
    this.#serial = serial;
  }

  /** Syncs in the background. */
  sync(done: (error: Error | null) => void): void {
    this.#disk.syncData(this.#file, done);
  }

  /** Syncs and waits for it. */
  syncNow(): void {
    this.#disk.syncDataNow(this.#file);
  }

  /** Closes the file. */
  close(): void {
    this.#disk.close(this.#file);
  }
}
