/**
 * Frames to bytes for a socket. All of a turn goes into one buffer, which is handed over as a whole; meanwhile the
 * next one fills. Messages that follow each other on one link, and items on one stream, share a frame.
 */

import { KronError } from "../core/errors.ts";
import { packValue } from "../journal/codec.ts";
import { bodyChecksum, emptyHeader, frameBytes, frameHeaderBytes, paddedBytes, writeHeader } from "../journal/frame.ts";
import { batchBytesMax } from "./limits.ts";

const bufferBytes = 64 * 1024;
const spareBuffersMax = 8;
/** Buffers of the usual size that nobody uses; shared, so that idle connections hold none. */
const spareBuffers: Uint8Array[] = [];
const nothing = new Uint8Array(0);

/** An array head of three bytes with room for a count of 16 bits, so that the count can come last. */
const batchHeadBytes = 3;
const batchCountMax = 0xffff;

/** Builds frames into a buffer. */
export class FrameWriter {
  readonly #header = emptyHeader();
  #bytes: Uint8Array = nothing;
  #end = 0;
  #taken: Uint8Array = nothing;
  #takenBytes = 0;
  /** Where the frame that still takes messages begins, or -1. */
  #batchAt = -1;
  #batchKind = 0;
  #batchSeq = 0;
  #batchChannel = 0;
  #batchCount = 0;
  /** The epoch that all frames carry from now on. */
  epoch = 0;

  /** Bytes that have not left: built and not handed over, or handed over and not released. */
  get queuedBytes(): number {
    return this.#end + this.#takenBytes;
  }

  /** Whether there is something to hand over. */
  get hasOutput(): boolean {
    return this.#end > 0;
  }

  /** Adds a frame. Throws `KRON_PAYLOAD_INVALID` when `body` cannot be carried or has more than `bytesMax`. */
  frame(kind: number, seq: number, channel: number, body: readonly unknown[], bytesMax: number): void {
    const { bytes, start, end } = packValue(body);
    const length = end - start;
    if (length > bytesMax) throw tooLarge(length, bytesMax);
    this.#closeBatch();
    this.#reserve(frameBytes(length));
    copy(bytes, start, end, this.#bytes, this.#end + frameHeaderBytes);
    this.#finish(this.#end, kind, seq, channel, length);
  }

  /** Adds a frame whose body is packed already. */
  packedFrame(kind: number, seq: number, channel: number, body: Uint8Array): void {
    this.#closeBatch();
    this.#reserve(frameBytes(body.length));
    this.#bytes.set(body, this.#end + frameHeaderBytes);
    this.#finish(this.#end, kind, seq, channel, body.length);
  }

  /**
   * Adds one element to the frame under way of this kind and request, or to a new one. Throws `KRON_PAYLOAD_INVALID`
   * as `frame` does.
   */
  append(kind: number, seq: number, channel: number, element: unknown, bytesMax: number): void {
    // Packed within an array, as it will be read: nesting counts from there. The array's head is one byte.
    const { bytes, start, end } = packValue([element]);
    const length = end - start - 1;
    if (length + batchHeadBytes > bytesMax) throw tooLarge(length, bytesMax - batchHeadBytes);
    if (!this.#isInBatch(kind, seq, length)) this.#openBatch(kind, seq, channel);
    this.#reserve(paddedBytes(length) + 8);
    copy(bytes, start + 1, end, this.#bytes, this.#end);
    this.#end += length;
    this.#batchCount += 1;
  }

  /** Hands over what was built, to be sent before anything else is taken; undefined when there is nothing. */
  take(): Uint8Array | undefined {
    if (this.#end === 0) return undefined;
    this.#closeBatch();
    const bytes = this.#bytes.subarray(0, this.#end);
    this.#taken = this.#bytes;
    this.#takenBytes = this.#end;
    this.#bytes = nothing;
    this.#end = 0;
    return bytes;
  }

  /** What was taken has been sent; its memory is used again. */
  release(): void {
    if (this.#taken.length === bufferBytes && spareBuffers.length < spareBuffersMax) spareBuffers.push(this.#taken);
    this.#taken = nothing;
    this.#takenBytes = 0;
  }

  /** Drops what was built and not taken. */
  discard(): void {
    this.#batchAt = -1;
    this.#bytes = nothing;
    this.#end = 0;
  }

  #isInBatch(kind: number, seq: number, length: number): boolean {
    return (
      this.#batchAt >= 0 &&
      this.#batchSeq === seq &&
      this.#batchKind === kind &&
      this.#batchCount < batchCountMax &&
      this.#end - this.#batchAt + length <= batchBytesMax
    );
  }

  #openBatch(kind: number, seq: number, channel: number): void {
    this.#closeBatch();
    this.#reserve(frameHeaderBytes + batchHeadBytes);
    this.#batchAt = this.#end;
    this.#batchKind = kind;
    this.#batchSeq = seq;
    this.#batchChannel = channel;
    this.#batchCount = 0;
    this.#end += frameHeaderBytes + batchHeadBytes;
  }

  #closeBatch(): void {
    const at = this.#batchAt;
    if (at < 0) return;
    this.#batchAt = -1;
    const bodyAt = at + frameHeaderBytes;
    const length = this.#end - bodyAt;
    this.#reserve(8);
    this.#bytes[bodyAt] = 0xdc;
    this.#bytes[bodyAt + 1] = this.#batchCount >>> 8;
    this.#bytes[bodyAt + 2] = this.#batchCount & 0xff;
    this.#finish(at, this.#batchKind, this.#batchSeq, this.#batchChannel, length);
  }

  /** Pads and seals the frame at `at`, whose body of `length` bytes is in its place. */
  #finish(at: number, kind: number, seq: number, channel: number, length: number): void {
    const header = this.#header;
    const bytes = this.#bytes;
    const bodyAt = at + frameHeaderBytes;
    const end = bodyAt + paddedBytes(length);
    for (let pad = bodyAt + length; pad < end; pad += 1) bytes[pad] = 0;
    header.kind = kind;
    header.seq = seq;
    header.term = this.epoch;
    header.stream = channel;
    header.bodyBytes = length;
    header.bodyCrc = bodyChecksum(bytes, bodyAt, length);
    writeHeader(bytes, at, header, 0);
    this.#end = end;
  }

  #reserve(count: number): void {
    const wanted = this.#end + count;
    if (wanted <= this.#bytes.length) return;
    const isFirst = this.#bytes.length === 0 && wanted <= bufferBytes;
    const bytes = isFirst
      ? (spareBuffers.pop() ?? Buffer.allocUnsafeSlow(bufferBytes))
      : Buffer.allocUnsafeSlow(Math.max(bufferBytes, wanted, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = bytes;
  }
}

/** Short bodies are copied by hand: a view for the native copy costs more than they do. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > 64) to.set(from.subarray(start, end), at);
  else for (let index = start; index < end; index += 1) to[at + index - start] = from[index] as number;
}

function tooLarge(bytes: number, bytesMax: number): KronError {
  return new KronError("KRON_PAYLOAD_INVALID", `Expected at most ${bytesMax} bytes in a message, got ${bytes}`);
}
