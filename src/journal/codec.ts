/**
 * Entries to bytes and back: msgpack by msgpackr, with the bounded scan on both sides. What is written is
 * scanned too, so that nothing is ever acknowledged that a later start would refuse to read. Entries of plain
 * numbers and short texts take a shorter way to the same bytes, see plain-packer.ts.
 */

// Not from "msgpackr" itself, which also loads streams and an addon for long texts, and takes three times as long for it.
import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from "msgpackr/pack";
import { Unpackr } from "msgpackr/unpack";
import { KronError } from "../core/errors.ts";
import type { Entry } from "../core/record.ts";
import { bodyBytesMax } from "./frame.ts";
import { scanMsgpack } from "./msgpack-scan.ts";

// Plain maps in their smallest form, no private extensions; buffers are copied out of the read window.
const packr = new Packr({ useRecords: false, variableMapSize: true, encodeUndefinedAsNil: true, moreTypes: false });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, copyBuffers: true });
const packMode = REUSE_BUFFER_MODE | RESET_BUFFER_MODE;

/** Bytes somewhere inside a larger array that will be used again; copy them before the next call. */
export interface PackedBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** msgpackr hands back its own buffer with the range in two properties of it. */
interface ReusedBuffer extends Uint8Array {
  readonly start: number;
  readonly end: number;
}

const packed = { bytes: new Uint8Array(0) as Uint8Array, start: 0, end: 0 };

/**
 * The bytes of any value, valid until the next call.
 *
 * Throws `KRON_PAYLOAD_INVALID` for what msgpack cannot carry, for what a reader would refuse (class
 * instances with private extensions, maps with keys that are not strings, nesting over 32), and over 16 MiB.
 */
export function packValue(value: unknown): PackedBytes {
  let buffer: ReusedBuffer;
  try {
    buffer = packr.pack(value, packMode) as unknown as ReusedBuffer;
  } catch (cause) {
    throw new KronError("KRON_PAYLOAD_INVALID", "Expected values that msgpack can carry", { cause });
  }
  packed.bytes = buffer;
  packed.start = buffer.start;
  packed.end = buffer.end;
  const length = packed.end - packed.start;
  if (length > bodyBytesMax) {
    throw new KronError("KRON_PAYLOAD_INVALID", `Expected at most ${bodyBytesMax} bytes, got ${length}`);
  }
  const fault = scanMsgpack(buffer, packed.start, packed.end);
  if (fault !== undefined) {
    throw new KronError("KRON_PAYLOAD_INVALID", `Expected plain data that can be read back, got: ${fault}`);
  }
  return packed;
}

/** The bytes of any value, to keep. Throws as `packValue` does. */
export function packCopy(value: unknown): Uint8Array {
  const { bytes, start, end } = packValue(value);
  // Not `slice`: on the buffer that msgpackr uses again and again it would be a view.
  return new Uint8Array(bytes.subarray(start, end));
}

const range = { start: 0, end: 0 };

/** The value in `bytes[start, end)`, which came from outside. Throws `KRON_FRAME_INVALID`. */
export function unpackValue(bytes: Uint8Array, start: number, end: number): unknown {
  const fault = scanMsgpack(bytes, start, end);
  if (fault !== undefined) throw new KronError("KRON_FRAME_INVALID", `Expected bounded msgpack, got: ${fault}`);
  return decode(bytes, start, end);
}

/** For bytes that passed the scan: should the decoder throw, it or the scan is wrong, which is not for callers to handle. */
function decode(bytes: Uint8Array, start: number, end: number): unknown {
  range.start = start;
  range.end = end;
  return unpackr.unpack(bytes, range) as unknown;
}

/** Bytes of a journal's uuid. */
export const uuidBytes = 16;

/** The body of a segment's head and of a sidecar slot: `[uuid, number]`. Throws `KRON_FRAME_INVALID`. */
export function unpackUuidAndNumber(bytes: Uint8Array, start: number, end: number): [Uint8Array, number] {
  const value = unpackValue(bytes, start, end);
  if (!Array.isArray(value) || !(value[0] instanceof Uint8Array) || value[0].length !== uuidBytes) {
    throw new KronError("KRON_FRAME_INVALID", "Expected a uuid of 16 bytes and a number");
  }
  if (!Number.isSafeInteger(value[1])) throw new KronError("KRON_FRAME_INVALID", "Expected a whole number");
  return [value[0], value[1] as number];
}

/** The entry in `bytes[start, end)`: `[atMs, [kind, …], …]`; or what is wrong with it. */
export function readEntry(bytes: Uint8Array, start: number, end: number): Entry | string {
  const fault = scanMsgpack(bytes, start, end);
  if (fault !== undefined) return `Expected bounded msgpack, got: ${fault}`;
  const value = decode(bytes, start, end);
  return isEntry(value) ? value : "Expected an entry of a time and record tuples";
}

/** As `readEntry`, but throws `KRON_FRAME_INVALID` with what is wrong. */
export function unpackEntry(bytes: Uint8Array, start: number, end: number): Entry {
  const entry = readEntry(bytes, start, end);
  if (typeof entry === "string") throw new KronError("KRON_FRAME_INVALID", entry);
  return entry;
}

/** Whether `value` has the shape of an entry; what its records mean is not checked here. */
export function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || !Number.isSafeInteger(value[0])) return false;
  for (let index = 1; index < value.length; index += 1) {
    const record: unknown = value[index];
    if (!Array.isArray(record) || !Number.isSafeInteger(record[0])) return false;
  }
  return true;
}
