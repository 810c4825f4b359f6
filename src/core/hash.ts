/**
 * The one hash that stored schedules depend on: `H` in cron expressions and the default jitter come from it,
 * so its answers may never change.
 */

/**
 * A stable 32-bit hash of `text`, 0 to 2^32 - 1, the same in every version of Kron and on every machine.
 *
 * FNV-1a over the UTF-16 code units, low byte first, starting from the offset basis 0x811C9DC5 xor `seed`;
 * then the 32-bit finaliser of MurmurHash3 (shifts 16, 13, 16; factors 0x85EBCA6B, 0xC2B2AE35), without
 * which the low bits of short texts would be poor. Not for security.
 */
export function stableHash(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
