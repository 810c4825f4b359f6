/**
 * The first frame of every segment: which journal the segment belongs to, and its salt.
 *
 * The salt is drawn anew for each segment and mixed into the header checksum of all later frames, so that
 * neither a frame from another file nor bytes in somebody's payload can pass for a frame of this one.
 */

import type { Random } from "../ports.ts";
import { packCopy, unpackUuidAndNumber } from "./codec.ts";
import { sectorBytes } from "./files.ts";
import {
  bodyChecksum,
  emptyHeader,
  FRAME_FLAG,
  FRAME_KIND,
  frameBytes,
  frameHeaderBytes,
  type HeaderFault,
  readHeader,
  writeFrame,
} from "./frame.ts";

/** Bytes at the start of a segment that its first frame has for itself: entries begin behind. */
export const segmentHeadBytes = sectorBytes;

/** What the first frame of a segment says. */
export interface SegmentHead {
  readonly uuid: Uint8Array;
  readonly salt: number;
  readonly createdAtMs: number;
}

/** A head for a new segment of the journal `uuid`. */
export function newSegmentHead(uuid: Uint8Array, random: Random, createdAtMs: number): SegmentHead {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return { uuid, salt: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, createdAtMs };
}

/** The first sector of a segment. */
export function packSegmentHead(head: SegmentHead): Uint8Array {
  const sector = new Uint8Array(segmentHeadBytes);
  const header = emptyHeader();
  header.kind = FRAME_KIND.segment;
  header.flags = FRAME_FLAG.lastOfBatch;
  header.prev = head.salt;
  writeFrame(sector, 0, header, packCopy([head.uuid, head.createdAtMs]), 0);
  return sector;
}

/** The head in the first sector at `at`, or what is wrong with it. */
export function readSegmentHead(bytes: Uint8Array, at: number): SegmentHead | HeaderFault | "body" {
  const header = emptyHeader();
  const fault = readHeader(bytes, at, header, 0);
  if (fault !== undefined) return fault;
  if (header.kind !== FRAME_KIND.segment) return "version";
  if (frameBytes(header.bodyBytes) > segmentHeadBytes) return "length";
  const bodyAt = at + frameHeaderBytes;
  if (bodyChecksum(bytes, bodyAt, header.bodyBytes) !== header.bodyCrc) return "body";
  const [uuid, createdAtMs] = unpackUuidAndNumber(bytes, bodyAt, bodyAt + header.bodyBytes);
  return { uuid, salt: header.prev, createdAtMs };
}
