/** Text from outside (ids, errors, payloads) made safe for a terminal, and measured as a terminal shows it. */

// Control characters, line separators and bidirectional controls, as in core/describe.ts, and half surrogates.
const unsafe = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const unsafeInJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** `text` with everything a terminal would act on written as `\n`, `\u001b` and the like. */
export function printable(text: string): string {
  return text.replace(unsafe, escaped);
}

/** JSON text with what a terminal would act on escaped; it still reads back as the same value. */
export function printableJson(json: string): string {
  return json.replace(unsafeInJson, hexEscape);
}

/** `text` made safe and cut to `charactersMax`, with an ellipsis where something was cut. */
export function shortened(text: string, charactersMax: number): string {
  const characters = [...printable(text)];
  if (characters.length <= charactersMax) return characters.join("");
  return `${characters.slice(0, charactersMax - 1).join("")}…`;
}

/** `1 segment`, `2 segments`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

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

/** Escapes for the letters that have a short one. */
const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  return shortEscapes[character] ?? hexEscape(character);
}

function hexEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** 0 for marks that stand on the letter before, 2 for East Asian wide letters and emoji, else 1. */
function characterWidth(character: string): number {
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0;
  const code = character.codePointAt(0) ?? 0;
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
