/** Text measured and cut as a terminal shows it. */

/** Columns that a terminal uses for `text`, which must be printable. */
export function displayWidth(text: string): number {
  // Most of what is printed is ASCII, one column a letter.
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The longest start of `text` that fits into `width` columns; an ellipsis takes the last when it is cut. */
export function fitted(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 1) return "";
  let used = 0;
  let fits = "";
  for (const character of text) {
    const next = characterWidth(character);
    if (used + next > width - 1) break;
    used += next;
    fits += character;
  }
  return `${fits}…`;
}

/**
 * 0 for marks that stand on the letter before (vowels and endings of Hangul among them), 2 for East Asian wide letters
 * and emoji, else 1. A soft hyphen (U+00AD) is a hyphen on terminals.
 */
function characterWidth(character: string): number {
  if (/[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u.test(character)) return character === "\u00ad" ? 1 : 0;
  if (/\p{Emoji_Presentation}/u.test(character)) return 2;
  const code = Number(character.codePointAt(0));
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}
