/** Ways to spoil a transcript of frames: some that a checksum catches, and some with checksums made right again. */

import { crc32 } from "node:zlib";
import { frameHeaderBytes } from "../../src/journal/frame.ts";
import type { Seeded } from "../support/seeded.ts";

/** Changes `frames`, a transcript of one side, in a few places, mostly behind the handshake of `first` frames; returns what was done, for the report of a failure. */
export function mutate(frames: Uint8Array[], first: number, chance: Seeded): string[] {
  const done: string[] = [];
  const times = chance.pick([0, 1, 1, 1, 2, 4, 8]);
  for (let time = 0; time < times && frames.length > 0; time += 1) {
    const from = chance.chance(0.8) ? Math.min(first, frames.length - 1) : 0;
    const at = chance.int(from, frames.length - 1);
    const [name, change] = chance.pick(mutations);
    change(frames, at, chance);
    done.push(`${name}@${at}`);
  }
  return done;
}

type Mutation = (frames: Uint8Array[], at: number, chance: Seeded) => void;

const mutations: readonly (readonly [string, Mutation])[] = [
  ["flip", (frames, at, chance) => replace(frames, at, flipped(frames[at], 0, chance))],
  ["truncate", (frames, at, chance) => replace(frames, at, frames[at]?.subarray(0, chance.int(0, frames[at].length)))],
  ["double", (frames, at) => frames.splice(at, 0, new Uint8Array(frames[at] ?? []))],
  ["drop", (frames, at) => frames.splice(at, 1)],
  ["swap", swap],
  ["splice", splice],
  ["noise", (frames, at, chance) => frames.splice(at, 0, noise(chance.int(0, 200), chance))],
  ["header", (frames, at, chance) => replace(frames, at, withHeaderField(frames[at], chance))],
  ["body", (frames, at, chance) => replace(frames, at, resealed(flipped(frames[at], frameHeaderBytes, chance)))],
  ["new body", (frames, at, chance) => replace(frames, at, withBody(frames[at], randomMsgpack(chance, 6)))],
  ["new body", (frames, at, chance) => replace(frames, at, withBody(frames[at], noise(chance.int(0, 64), chance)))],
];

function replace(frames: Uint8Array[], at: number, frame: Uint8Array | undefined): void {
  frames[at] = frame ?? new Uint8Array(0);
}

function swap(frames: Uint8Array[], at: number, chance: Seeded): void {
  const other = chance.int(0, frames.length - 1);
  const [one, two] = [frames[at], frames[other]];
  if (one === undefined || two === undefined) return;
  frames[at] = two;
  frames[other] = one;
}

function splice(frames: Uint8Array[], at: number, chance: Seeded): void {
  const [one, two] = [frames[at], chance.pick(frames)];
  if (one === undefined) return;
  const head = one.subarray(0, chance.int(0, one.length));
  const tail = two.subarray(chance.int(0, two.length));
  frames[at] = resealed(Buffer.concat([head, tail]));
}

function flipped(frame: Uint8Array | undefined, from: number, chance: Seeded): Uint8Array {
  const copy = new Uint8Array(frame ?? []);
  if (copy.length <= from) return copy;
  const at = chance.int(from, copy.length - 1);
  copy[at] = (copy[at] as number) ^ (1 << chance.int(0, 7));
  return copy;
}

function noise(length: number, chance: Seeded): Uint8Array {
  return Uint8Array.from({ length }, () => chance.int(0, 255));
}

const fields = [
  [2, 1],
  [3, 1],
  [4, 4],
  [8, 2],
  [10, 2],
  [12, 4],
  [16, 4],
  [20, 4],
  [24, 2],
  [26, 2],
  [28, 4],
] as const;

/** One header field set to something, near what it was or far from it, under a good checksum. */
function withHeaderField(frame: Uint8Array | undefined, chance: Seeded): Uint8Array {
  const copy = new Uint8Array(frame ?? []);
  if (copy.length < frameHeaderBytes) return copy;
  const [at, width] = chance.pick(fields);
  const isNear = chance.chance(0.5);
  for (let byte = at; byte < at + width; byte += 1) {
    if (!isNear) copy[byte] = chance.pick([0, 1, 2, 255, chance.int(0, 255)]);
  }
  if (isNear) copy[at] = (copy[at] as number) + chance.pick([-1, 1, 2]);
  return resealed(copy);
}

/** The frame around another body. */
function withBody(frame: Uint8Array | undefined, body: Uint8Array): Uint8Array {
  const copy = new Uint8Array(frameHeaderBytes + ((body.length + 7) & ~7));
  copy.set((frame ?? new Uint8Array(0)).subarray(0, frameHeaderBytes));
  copy.set(body, frameHeaderBytes);
  new DataView(copy.buffer).setUint32(4, body.length, true);
  return resealed(copy);
}

/** Both checksums made right, as far as the frame reaches. */
function resealed(frame: Uint8Array): Uint8Array {
  const copy = new Uint8Array(frame);
  if (copy.length < frameHeaderBytes) return copy;
  const view = new DataView(copy.buffer);
  if (copy.length > frameHeaderBytes) view.setUint32(32, crc32(copy.subarray(frameHeaderBytes)), true);
  view.setUint32(36, crc32(copy.subarray(0, 36)), true);
  return copy;
}

/** Bytes that look like msgpack for a while: good heads of all kinds, some with lengths that are lies. */
export function randomMsgpack(chance: Seeded, depth: number): Uint8Array {
  const kind = chance.int(0, 9);
  const nested = (count: number): Uint8Array[] => Array.from({ length: count }, () => randomMsgpack(chance, depth - 1));
  if (depth > 0 && kind < 4) {
    const count = chance.int(0, 5);
    return Buffer.concat([Buffer.of(0x90 | (chance.chance(0.05) ? 15 : count)), ...nested(count)]);
  }
  if (depth > 0 && kind < 6) {
    const count = chance.int(0, 3);
    const keys = ["a", "b", "c", "__proto__", "constructor", "then", "toJSON", "length"].map(shortText);
    const pairs = nested(count).flatMap((value) => [chance.chance(0.9) ? chance.pick(keys) : noise(1, chance), value]);
    return Buffer.concat([Buffer.of(0x80 | count), ...pairs]);
  }
  if (kind === 6) return shortText("x".repeat(chance.int(0, 20)));
  if (kind === 7) return Buffer.concat([Buffer.of(chance.int(0xc0, 0xdf)), noise(chance.int(0, 12), chance)]);
  if (kind === 8) return Buffer.of(chance.int(0, 255));
  return Buffer.of(chance.int(0, 0x7f));
}

function shortText(value: string): Uint8Array {
  return Buffer.concat([Buffer.of(0xa0 | value.length), Buffer.from(value)]);
}
