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

/** Escapes for the letters that have a short one. */
const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  return shortEscapes[character] ?? hexEscape(character);
}

function hexEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
