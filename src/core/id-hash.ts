/**
 * The hash of the id table. It lives in memory only, so it may change from one version to the next; what is stored
 * depends on `stableHash` instead.
 */

const seedA = 0x243f6a88;
const seedB = 0x85a308d3 | 0;

/**
 * A 32-bit hash of the bytes from `from` to before `to`, 0 to 2^32 - 1, all of whose bits are good.
 *
 * Two lanes of 32 bits over words of four bytes, each step a bijection of both, the finaliser of MurmurHash3 at the
 * end. With 64 bits of state, ids that collide cannot be put together from pieces that collide, as they can with
 * FNV or MurmurHash3; who has the patience to search for them one by one gets chains that are as long as his list.
 */
export function idHash(bytes: Uint8Array, from: number, to: number): number {
  let a = seedA ^ (to - from);
  let b = seedB;
  for (let at = from; at < to; at += 4) {
    // The shorter last word is filled with zeros; the length in the seed tells it from real ones.
    const word = at + 4 <= to ? wordAt(bytes, at) : lastWord(bytes, at, to);
    a = Math.imul(a ^ word, 0x2545f491);
    a = (a << 13) | (a >>> 19);
    b = Math.imul((b + word) | 0, 0x3c6ef373) ^ a;
    b = (b << 17) | (b >>> 15);
  }
  let hash = a ^ Math.imul(b, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)
  );
}

function lastWord(bytes: Uint8Array, at: number, to: number): number {
  let word = 0;
  for (let i = at; i < to; i++) word |= byteAt(bytes, i) << (8 * (i - at));
  return word;
}

/** Callers stay within the bytes, which the compiler cannot know. */
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}
