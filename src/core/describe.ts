/**
 * Values from outside, made safe to put into a message: short, quoted, and without characters that a terminal
 * would act on or a reader could not see.
 */

const shownLengthMax = 60;

/**
 * Characters that change how text around them is shown, or end a line: C0 and C1 controls, DEL, the line and
 * paragraph separators, and the Unicode bidirectional controls.
 */
const unsafeClass = "\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069";
const unsafePattern = new RegExp(`[${unsafeClass}]`);
const unsafeEverywhere = new RegExp(`[${unsafeClass}]`, "g");

/** The index of the first control, separator or bidirectional control character of `text`, or -1. */
export function unsafeCharacterAt(text: string): number {
  return text.search(unsafePattern);
}

/** `code` in the notation of the Unicode standard, for instance `U+202E`. */
export function codePointName(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/**
 * `value` as it may stand in an error message: a string quoted, escaped and cut to 60 characters, a number
 * as it is written, anything else by what it is ("an array", "a Date", "undefined").
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return "a bigint";
    case "boolean":
    case "undefined":
      return String(value);
    case "symbol":
      return "a symbol";
    case "function":
      return "a function";
    default:
      // What is left of `typeof` is "object".
      return describeObject(value as object | null);
  }
}

/** `text` in double quotes, escaped and cut to 60 characters. */
export function quote(text: string): string {
  const cut = text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text;
  return JSON.stringify(cut).replace(unsafeEverywhere, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function describeObject(value: object | null): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  const name = constructorName(value);
  if (name === "Object") return "an object";
  return `${/^[aeio]/i.test(name) ? "an" : "a"} ${name}`;
}

function constructorName(value: object): string {
  const maker: unknown = value.constructor;
  // An odd name may come from the caller's data, so only what looks like a class name is repeated.
  return typeof maker === "function" && /^[A-Za-z_$][\w$]{0,39}$/.test(maker.name) ? maker.name : "Object";
}
