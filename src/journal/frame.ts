/**
 * The frame: one checksummed unit of bytes, the same in the journal, on sockets and between nodes. Its
 * document, with a hex example, is docs/journal-format.md. Little-endian:
 *
 *      0   2  magic 0x4E4B ("KN")        20   6  durable
 *      2   1  version                    26   2  stream
 *      3   1  kind                       28   4  prev
 *      4   4  body bytes                 32   4  body CRC (body and padding)
 *      8   2  flags                      36   4  header CRC (bytes 0..35, XOR salt)
 *     10   6  seq                        40   n  body, zero padding to 8
 *     16   4  term
 *
 * This file knows bytes and checksums, not what the fields mean to the journal or to a socket.
 */

import { crc32 } from "./crc32.ts";
import { viewOf } from "./view-of.ts";

/** Bytes of a frame before its body. */
export const frameHeaderBytes = 40;
/** The most any body may hold; single kinds allow less. */
export const bodyBytesMax = 16 * 1024 * 1024;
/** The one version this code writes and reads. */
export const frameVersion = 1;
/** The greatest seq or durable index, 2^48 - 1. */
export const seqMax = 2 ** 48 - 1;

/** What a frame carries. One registry for all places: 1 to 15 are the journal's, 16 to 31 those of IPC. */
export const FRAME_KIND = {
  /** Preallocated zeros, never written. */
  never: 0,
  /** The first frame of a segment: whose journal it is, and its salt. */
  segment: 1,
  /** One log entry. */
  entry: 2,
  /** In a cluster: the log now ends at `seq`; what followed was never committed. */
  truncate: 3,
  /** A slot of the durable-index sidecar. */
  sidecar: 4,
  /** IPC, see docs/ipc-protocol.md: the client says who it is. */
  hello: 16,
  /** The server says who it is. */
  challenge: 17,
  /** Either side proves that it knows the token. */
  proof: 18,
  /** The client is let in. */
  welcome: 19,
  /** A request, which opens a call, a stream or a link. */
  request: 20,
  /** The answer to a request. */
  response: 21,
  /** The end of a request that failed, or of the connection. */
  error: 22,
  /** The client takes a request back. */
  cancel: 23,
  /** Items of a stream. */
  items: 24,
  /** The end of a stream. */
  end: 25,
  /** The client is ready for more items. */
  credit: 26,
  /** Messages of a link, either way. */
  messages: 27,
  /** The end of a link, either way. */
  close: 28,
} as const;

/** Bits of the flags field. */
export const FRAME_FLAG = {
  /** The batch that was written and synced as one ends with this frame. */
  lastOfBatch: 1,
  /** The body goes on in the next frame; not used in the journal. */
  moreFragments: 2,
  /** In the sidecar: a sync failed, so what follows the durable index may be in memory only. */
  syncFailed: 4,
} as const;

/** The fields of a frame's header; mutable, so that a scan can fill one object again and again. */
export interface FrameHeader {
  version: number;
  kind: number;
  bodyBytes: number;
  flags: number;
  seq: number;
  term: number;
  durable: number;
  stream: number;
  prev: number;
  bodyCrc: number;
  headerCrc: number;
}

/** What is wrong with a header; `undefined` in results means nothing is. */
export type HeaderFault = "magic" | "header-checksum" | "version" | "length";

/** A header with every field 0 and this version. */
export function emptyHeader(): FrameHeader {
  return {
    version: frameVersion,
    kind: 0,
    bodyBytes: 0,
    flags: 0,
    seq: 0,
    term: 0,
    durable: 0,
    stream: 0,
    prev: 0,
    bodyCrc: 0,
    headerCrc: 0,
  };
}

/** Bytes a body of `bodyBytes` takes with its padding. */
export function paddedBytes(bodyBytes: number): number {
  return (bodyBytes + 7) & ~7;
}

/** Bytes of a whole frame whose body has `bodyBytes`. */
export function frameBytes(bodyBytes: number): number {
  return frameHeaderBytes + paddedBytes(bodyBytes);
}

/**
 * Writes the header at `at` and returns its CRC, which it also sets in `header`.
 *
 * `bodyCrc` must be set already. `salt` is the segment's salt, 0 on sockets and for a segment's first frame.
 */
export function writeHeader(bytes: Uint8Array, at: number, header: FrameHeader, salt: number): number {
  const view = viewOf(bytes);
  const { seq, durable } = header;
  const seqLow = seq >>> 0;
  const seqHigh = seq === seqLow ? 0 : (seq - seqLow) / 0x1_0000_0000;
  const durableLow = durable >>> 0;
  const durableHigh = durable === durableLow ? 0 : (durable - durableLow) / 0x1_0000_0000;
  // Ten stores of four bytes, as this runs once for every entry.
  view.setUint32(at, 0x4e4b | (header.version << 16) | (header.kind << 24), true);
  view.setUint32(at + 4, header.bodyBytes, true);
  view.setUint32(at + 8, header.flags | (seqLow << 16), true);
  view.setUint32(at + 12, (seqLow >>> 16) | (seqHigh << 16), true);
  view.setUint32(at + 16, header.term, true);
  view.setUint32(at + 20, durableLow, true);
  view.setUint32(at + 24, durableHigh | (header.stream << 16), true);
  view.setUint32(at + 28, header.prev, true);
  view.setUint32(at + 32, header.bodyCrc, true);
  header.headerCrc = (crc32(bytes, at, at + 36) ^ salt) >>> 0;
  view.setUint32(at + 36, header.headerCrc, true);
  return header.headerCrc;
}

/**
 * Reads the 40 bytes at `at` into `header`.
 *
 * Returns what is wrong, if anything; after "version" and "length" the checksum was right, so the fields are
 * what somebody wrote. The body is not looked at.
 */
export function readHeader(bytes: Uint8Array, at: number, header: FrameHeader, salt: number): HeaderFault | undefined {
  if (bytes[at] !== 0x4b || bytes[at + 1] !== 0x4e) return "magic";
  header.headerCrc = getU32(bytes, at + 36);
  if ((crc32(bytes, at, at + 36) ^ salt) >>> 0 !== header.headerCrc) return "header-checksum";
  readFields(bytes, at, header);
  if (header.version !== frameVersion) return "version";
  return header.bodyBytes > bodyBytesMax ? "length" : undefined;
}

/** Reads the fields at `at` whatever their checksum says; for judging what is left of a damaged file. */
export function readFields(bytes: Uint8Array, at: number, header: FrameHeader): void {
  header.version = bytes[at + 2] as number;
  header.kind = bytes[at + 3] as number;
  header.bodyBytes = getU32(bytes, at + 4);
  header.flags = getU16(bytes, at + 8);
  header.seq = getU48(bytes, at + 10);
  header.term = getU32(bytes, at + 16);
  header.durable = getU48(bytes, at + 20);
  header.stream = getU16(bytes, at + 26);
  header.prev = getU32(bytes, at + 28);
  header.bodyCrc = getU32(bytes, at + 32);
}

/** The checksum of a body of `bodyBytes` at `at`, padding included. */
export function bodyChecksum(bytes: Uint8Array, at: number, bodyBytes: number): number {
  return crc32(bytes, at, at + paddedBytes(bodyBytes));
}

/** Writes a whole frame around `body` at `at`; returns its bytes. Sets the lengths and checksums in `header`. */
export function writeFrame(bytes: Uint8Array, at: number, header: FrameHeader, body: Uint8Array, salt: number): number {
  const bodyAt = at + frameHeaderBytes;
  const end = bodyAt + paddedBytes(body.length);
  bytes.set(body, bodyAt);
  bytes.fill(0, bodyAt + body.length, end);
  header.bodyBytes = body.length;
  header.bodyCrc = bodyChecksum(bytes, bodyAt, body.length);
  writeHeader(bytes, at, header, salt);
  return end - at;
}

function getU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function getU32(bytes: Uint8Array, at: number): number {
  return (getU16(bytes, at) | (getU16(bytes, at + 2) << 16)) >>> 0;
}

function getU48(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at) + getU16(bytes, at + 4) * 0x1_0000_0000;
}
