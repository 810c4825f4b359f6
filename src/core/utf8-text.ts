/**
 * Texts to UTF-8 and back, for code that may use neither `TextEncoder` nor `Buffer`. Made for short texts, nearly
 * all of them ASCII. Half of a surrogate pair is written in three bytes like any other unit, so that whatever was
 * written is read as it was.
 */

/** Writes `text` into `target` from `at` on; returns where it ends. Three bytes a unit are always room enough. */
export function writeUtf8(text: string, target: Uint8Array, at: number): number {
  let to = at;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return writeWide(text, index, target, to);
    target[to++] = unit;
  }
  return to;
}

function writeWide(text: string, from: number, target: Uint8Array, at: number): number {
  let to = at;
  for (let index = from; index < text.length; index++) {
    const code = text.codePointAt(index) as number;
    if (code > 0xffff) index += 1;
    if (code < 0x80) {
      target[to++] = code;
      continue;
    }
    const more = code < 0x800 ? 1 : code < 0x1_0000 ? 2 : 3;
    target[to++] = ((0xff00 >> (more + 1)) & 0xff) | (code >> (6 * more));
    for (let shift = 6 * (more - 1); shift >= 0; shift -= 6) target[to++] = 0x80 | ((code >> shift) & 0x3f);
  }
  return to;
}

/** The text that `writeUtf8` wrote to `bytes` from `from` to before `to`. */
export function readUtf8(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  let at = from;
  // Eight at a time, as a string that is put together from single characters takes twice as long.
  for (; at + 8 <= to && isAscii8(bytes, at); at += 8) {
    text += String.fromCharCode(
      byteAt(bytes, at),
      byteAt(bytes, at + 1),
      byteAt(bytes, at + 2),
      byteAt(bytes, at + 3),
      byteAt(bytes, at + 4),
      byteAt(bytes, at + 5),
      byteAt(bytes, at + 6),
      byteAt(bytes, at + 7),
    );
  }
  while (at < to) {
    const first = byteAt(bytes, at++);
    const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let code = more === 0 ? first : first & (0x3f >> more);
    for (let i = 0; i < more; i++) code = (code << 6) | (byteAt(bytes, at++) & 0x3f);
    text += String.fromCodePoint(code);
  }
  return text;
}

function isAscii8(bytes: Uint8Array, at: number): boolean {
  const low = byteAt(bytes, at) | byteAt(bytes, at + 1) | byteAt(bytes, at + 2) | byteAt(bytes, at + 3);
  const high = byteAt(bytes, at + 4) | byteAt(bytes, at + 5) | byteAt(bytes, at + 6) | byteAt(bytes, at + 7);
  return (low | high) < 0x80;
}

/** Callers stay within the bytes they were given, which the compiler cannot know. */
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}
