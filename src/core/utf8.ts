/** Bytes that `text` takes in UTF-8, or -1 when it holds half of a surrogate pair, which UTF-8 cannot write. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 2;
    else {
      const next = text.charCodeAt(index + 1);
      // Past the end `next` is NaN, which no comparison holds for.
      if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return -1;
      // Two units make four bytes.
      bytes += 2;
      index += 1;
    }
  }
  return bytes;
}
