/** Output of programs made safe for a terminal: colours are left in, everything else that a terminal acts on is shown. */

import { StringDecoder } from "node:string_decoder";
import { printable } from "./printable.ts";

// `ESC [ … m` (ECMA-48, SGR) sets colours and weights and does nothing else.
const colourStart = "\u001b\\[[0-9;:]{0,64}";
const colourPattern = new RegExp(`(${colourStart}m)`, "u");
/** The beginning of what may become a colour, or of a line feed behind a carriage return. */
const unfinishedPattern = new RegExp(`(${colourStart}|\u001b|\r)$`, "u");
const colourEnd = "\u001b[0m";

/** Makes a stream of bytes printable, chunk by chunk. */
export class TerminalText {
  readonly #keepsColours: boolean;
  readonly #decoder = new StringDecoder("utf8");
  #pending = "";
  #isColoured = false;
  #isAtLineStart = true;

  constructor(keepsColours: boolean) {
    this.#keepsColours = keepsColours;
  }

  /** The next bytes as text; the beginning of a letter or of a colour is kept for later. */
  push(bytes: Uint8Array): string {
    const text = this.#pending + this.#decoder.write(Buffer.from(bytes));
    this.#pending = unfinishedPattern.exec(text)?.[0] ?? "";
    return this.#safe(text.slice(0, text.length - this.#pending.length));
  }

  /** What is left, with colours switched off and the last line ended. */
  end(): string {
    const text = this.#safe(this.#pending + this.#decoder.end());
    this.#pending = "";
    const end = this.#isColoured ? colourEnd : "";
    this.#isColoured = false;
    const lineEnd = this.#isAtLineStart ? "" : "\n";
    this.#isAtLineStart = true;
    return text + end + lineEnd;
  }

  #safe(text: string): string {
    if (text !== "") this.#isAtLineStart = text.endsWith("\n");
    return text
      .replaceAll("\r\n", "\n")
      .split(colourPattern)
      .map((part, index) => (index % 2 === 1 ? this.#colour(part) : printableLines(part)))
      .join("");
  }

  #colour(sequence: string): string {
    if (!this.#keepsColours) return "";
    this.#isColoured = true;
    return sequence;
  }
}

/** Line feeds and tabs are what lines are made of. */
function printableLines(text: string): string {
  return text.replace(/[^\n\t]+/g, printable);
}
