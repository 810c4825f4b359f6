/**
 * The changes of one write, packed into a few large buffers that can be handed to another thread without copying.
 *
 *     change    u8 key size, u32 size of the sealed value (all ones: remove the key), key, sealed value
 */

import { viewOf } from "../journal/view-of.ts";
import { sealBytes, sealValue } from "./sealed-value.ts";

/** The changes as buffers, each filled up to its `used`. */
export interface BatchChunk {
  readonly bytes: Uint8Array;
  used: number;
}

/** A change in a chunk; the arrays are views. */
export interface Change {
  readonly key: Uint8Array;
  /** Undefined removes the key. */
  readonly sealed: Uint8Array | undefined;
}

const headerBytes = 5;
const removal = 0xffff_ffff;
const chunkBytesMin = 1024 * 1024;

/** Appends setting `key` to `value`; both are copied. */
export function appendPut(chunks: BatchChunk[], key: Uint8Array, value: Uint8Array): void {
  const sealedBytes = sealBytes + value.length;
  const chunk = roomFor(chunks, headerBytes + key.length + sealedBytes);
  const at = appendHeader(chunk, key, sealedBytes);
  sealValue(chunk.bytes, at, key, value);
  chunk.used = at + sealedBytes;
}

/** Appends the removal of `key`. */
export function appendRemoval(chunks: BatchChunk[], key: Uint8Array): void {
  const chunk = roomFor(chunks, headerBytes + key.length);
  chunk.used = appendHeader(chunk, key, removal);
}

/** The changes of a chunk, in order. */
export function* changesOf({ bytes, used }: BatchChunk): Generator<Change> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < used; ) {
    const keyAt = at + headerBytes;
    const valueAt = keyAt + (bytes[at] as number);
    const size = view.getUint32(at + 1, true);
    const key = bytes.subarray(keyAt, valueAt);
    at = size === removal ? valueAt : valueAt + size;
    yield { key, sealed: size === removal ? undefined : bytes.subarray(valueAt, at) };
  }
}

/** Where the value belongs that comes behind the header and the key. */
function appendHeader(chunk: BatchChunk, key: Uint8Array, size: number): number {
  const { bytes, used } = chunk;
  viewOf(bytes).setUint32(used + 1, size, true);
  bytes[used] = key.length;
  bytes.set(key, used + headerBytes);
  return used + headerBytes + key.length;
}

function roomFor(chunks: BatchChunk[], bytes: number): BatchChunk {
  const last = chunks.at(-1);
  if (last !== undefined && last.bytes.length - last.used >= bytes) return last;
  const chunk = { bytes: new Uint8Array(Math.max(chunkBytesMin, bytes)), used: 0 };
  chunks.push(chunk);
  return chunk;
}
