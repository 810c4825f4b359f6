/**
 * Bytes from a socket to frames. Nothing is believed before its checksum is right, nothing is allocated that has not
 * arrived, and each kind of frame has its own limit. A frame that lies in one chunk is decoded where it lies.
 */

import { KronError } from "../core/errors.ts";
import { unpackValue } from "../journal/codec.ts";
import { bodyChecksum, emptyHeader, frameBytes, frameHeaderBytes, readHeader } from "../journal/frame.ts";
import { kindName, protocolError } from "./protocol.ts";

/** A frame whose checksums and body are good; what it means is still to be judged. Valid until the next one. */
export interface IncomingFrame {
  kind: number;
  seq: number;
  epoch: number;
  channel: number;
  bodyBytes: number;
  body: readonly unknown[];
  /** The packed body, for proofs over it; aliases the input. */
  packedBody(): Uint8Array;
}

/** The largest body that may come in a frame of this kind now; undefined when none may. */
export type BodyCap = (kind: number) => number | undefined;

const nothing = new Uint8Array(0);

/** Collects chunks and hands out frames. */
export class FrameReader {
  readonly #capOf: BodyCap;
  readonly #header = emptyHeader();
  #isHeaderRead = false;
  // Unread are bytes[start, end): the chunk that came last, or a buffer of our own when it began in an earlier one.
  #bytes: Uint8Array = nothing;
  #start = 0;
  #end = 0;
  #isOwn = false;
  #bodyAt = 0;
  readonly #frame: IncomingFrame = {
    kind: 0,
    seq: 0,
    epoch: 0,
    channel: 0,
    bodyBytes: 0,
    body: [],
    packedBody: () => this.#bytes.subarray(this.#bodyAt, this.#bodyAt + this.#header.bodyBytes),
  };

  constructor(capOf: BodyCap) {
    this.#capOf = capOf;
  }

  /** Bytes that have arrived and are not read yet; after `next()` returned nothing, those of a frame that has begun. */
  get unreadBytes(): number {
    return this.#end - this.#start;
  }

  /** Takes a chunk, which must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
      return;
    }
    const unread = this.#end - this.#start;
    const wanted = unread + chunk.length;
    if (!this.#isOwn || this.#end + chunk.length > this.#bytes.length) {
      const isRoomy = this.#isOwn && wanted <= this.#bytes.length / 2;
      const target = isRoomy ? this.#bytes : new Uint8Array(Math.max(1024, wanted * 2));
      if (isRoomy) target.copyWithin(0, this.#start, this.#end);
      else target.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = target;
      this.#isOwn = true;
      this.#start = 0;
      this.#end = unread;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next whole frame, or undefined while it is not there. Throws `KRON_IPC_PROTOCOL`. */
  next(): IncomingFrame | undefined {
    const unread = this.#end - this.#start;
    if (!this.#isHeaderRead) {
      if (unread < frameHeaderBytes) {
        this.#refuseStranger(unread);
        if (unread === 0) this.#forget();
        return undefined;
      }
      this.#readHeader();
    }
    const { bodyBytes } = this.#header;
    const total = frameBytes(bodyBytes);
    if (unread < total) return undefined;
    const bodyAt = this.#start + frameHeaderBytes;
    this.#bodyAt = bodyAt;
    this.#start += total;
    this.#isHeaderRead = false;
    return this.#readBody(bodyAt, this.#start);
  }

  /** Drops what has arrived: nothing more will be read. */
  discard(): void {
    this.#forget();
  }

  #forget(): void {
    this.#bytes = nothing;
    this.#start = 0;
    this.#end = 0;
    this.#isOwn = false;
  }

  /** The first bytes tell a stranger from one of us, long before a whole header is there. */
  #refuseStranger(unread: number): void {
    const isOurs =
      (unread < 1 || this.#bytes[this.#start] === 0x4b) && (unread < 2 || this.#bytes[this.#start + 1] === 0x4e);
    if (!isOurs) throw protocolError("Expected a frame of Kron", { fault: "magic" });
  }

  #readHeader(): void {
    const header = this.#header;
    const fault = readHeader(this.#bytes, this.#start, header, 0);
    if (fault !== undefined) throw protocolError(`Expected a good frame header, but: ${fault}`, { fault });
    if (header.flags !== 0 || header.durable !== 0 || header.prev !== 0) {
      throw protocolError("Expected flags, durable and prev to be 0 on a socket", { fault: "reserved" });
    }
    const cap = this.#capOf(header.kind);
    if (cap === undefined) throw protocolError(`Did not expect ${kindName(header.kind)} here`, { fault: "kind" });
    if (header.bodyBytes > cap) {
      const message = `Expected at most ${cap} bytes in ${kindName(header.kind)}, got ${header.bodyBytes}`;
      throw protocolError(message, { fault: "length" });
    }
    this.#isHeaderRead = true;
  }

  #readBody(bodyAt: number, end: number): IncomingFrame {
    const header = this.#header;
    const bytes = this.#bytes;
    const bodyEnd = bodyAt + header.bodyBytes;
    if (bodyChecksum(bytes, bodyAt, header.bodyBytes) !== header.bodyCrc) {
      throw protocolError("Expected a good body, but its checksum is wrong", { fault: "body-checksum" });
    }
    for (let at = bodyEnd; at < end; at += 1) {
      if (bytes[at] !== 0) throw protocolError("Expected zeros behind the body", { fault: "padding" });
    }
    const body = unpack(bytes, bodyAt, bodyEnd);
    if (!Array.isArray(body)) throw protocolError("Expected the body to be a tuple", { fault: "body" });
    const frame = this.#frame;
    frame.kind = header.kind;
    frame.seq = header.seq;
    frame.epoch = header.term;
    frame.channel = header.stream;
    frame.bodyBytes = header.bodyBytes;
    frame.body = body;
    return frame;
  }
}

function unpack(bytes: Uint8Array, start: number, end: number): unknown {
  try {
    return unpackValue(bytes, start, end);
  } catch (cause) {
    const why = cause instanceof KronError ? cause.message : "the decoder failed";
    throw new KronError("KRON_IPC_PROTOCOL", why, { cause, details: { fault: "body" } });
  }
}
