/**
 * Where commands write: data to standard output, messages to standard error.
 *
 * Output is gathered and written synchronously, in bounded pieces, so that a dump of any size takes little
 * memory and nothing is lost when the process exits. A reader that goes away (`| head`) ends the command
 * quietly, as `OutputClosed`.
 */

import { writeSync } from "node:fs";
import { type ColourDepth, type Tone, toneCode } from "../src/core/palette.ts";
import { printableJson } from "./printable.ts";
import { noProgress, ProgressLine, type ShownProgress } from "./progress.ts";

/** Thrown when nobody reads standard output any more. */
export class OutputClosed extends Error {}

/** What the user asked for, once for all commands. */
export interface OutputOptions {
  readonly isJson: boolean;
  /** The colours to use on standard output, and on standard error. */
  readonly depth: ColourDepth;
  readonly messageDepth: ColourDepth;
  /** Columns of the terminal; undefined when standard output is none. */
  readonly width: number | undefined;
  /** The same of standard error. */
  readonly messageWidth: number | undefined;
  /** Whether people are to see how far long work is, and in which letters. */
  readonly showsProgress: boolean;
  readonly isUnicode: boolean;
}

const gatheredBytes = 64 * 1024;

/** The two streams of a command. */
export class Output {
  readonly options: OutputOptions;
  /** How far the work is; whatever else is written takes its place. */
  readonly progress: ShownProgress;
  #gathered: string[] = [];
  #size = 0;

  constructor(options: OutputOptions) {
    this.options = options;
    const { showsProgress, messageWidth: width, isUnicode } = options;
    const screen = { width, isUnicode, write: writeMessage };
    this.progress = showsProgress ? new ProgressLine(screen) : noProgress;
  }

  /** Adds a line of data. Throws `OutputClosed`. */
  line(text = ""): void {
    this.#gathered.push(text, "\n");
    this.#size += text.length + 1;
    if (this.#size >= gatheredBytes) this.flush();
  }

  /** Adds a value as one line of JSON. Throws `OutputClosed`. */
  jsonLine(value: object): void {
    this.line(jsonText(value));
  }

  /** Adds a value as JSON that people can read too. Throws `OutputClosed`. */
  json(value: object): void {
    this.line(printableJson(JSON.stringify(value, jsonValue, 2)));
  }

  /** Adds an object whose last field is a list of any length, an item a line. Throws `OutputClosed`. */
  jsonList(head: object, name: string, items: Iterable<object>): void {
    const start = printableJson(JSON.stringify(head, jsonValue, 2)).slice(0, -2);
    this.line(`${start},\n  ${JSON.stringify(name)}: [`);
    let previous: string | undefined;
    for (const item of items) {
      if (previous !== undefined) this.line(`${previous},`);
      previous = `    ${jsonText(item)}`;
    }
    if (previous !== undefined) this.line(previous);
    this.line("  ]\n}");
  }

  /** Writes bytes as they are, behind what is gathered. Throws `OutputClosed`. */
  bytes(bytes: Uint8Array): void {
    this.flush();
    this.progress.clear();
    writeFully(1, bytes);
  }

  /** Writes what is gathered. Throws `OutputClosed`. */
  flush(): void {
    if (this.#size === 0) return;
    // Lines that go elsewhere leave it where it is.
    if (this.options.width !== undefined) this.progress.clear();
    const bytes = Buffer.from(this.#gathered.join(""), "utf8");
    this.#gathered = [];
    this.#size = 0;
    writeFully(1, bytes);
  }

  /** Writes a message to standard error, after the data before it. */
  message(text: string): void {
    this.flush();
    this.progress.clear();
    writeMessage(`${text}\n`);
  }

  /** `text` for a line, in colour where that is wanted. */
  toned(tone: Tone, text: string): string {
    return painted(tone, text, this.options.depth);
  }

  /** `text` for a message, in colour where that is wanted. */
  tonedMessage(tone: Tone, text: string): string {
    return painted(tone, text, this.options.messageDepth);
  }
}

function writeMessage(text: string): void {
  try {
    writeFully(2, Buffer.from(text, "utf8"));
  } catch (error) {
    // Nobody reads the messages; the data is what matters.
    if (!(error instanceof OutputClosed)) throw error;
  }
}

function painted(tone: Tone, text: string, depth: ColourDepth): string {
  const code = depth === "none" ? "" : toneCode(tone, depth);
  return code === "" ? text : `\u001b[${code}m${text}\u001b[0m`;
}

/** A value as JSON in one line, safe for a terminal. */
export function jsonText(value: unknown): string {
  return printableJson(JSON.stringify(value, jsonValue));
}

function writeFully(file: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += writeSync(file, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") throw new OutputClosed("Nobody reads the output");
      if (code !== "EAGAIN") throw error;
      // A pipe that is full and does not block: wait a moment for its reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** What JSON lacks: 64-bit integers and bytes, which payloads may hold, and fields that are there but have no value. */
function jsonValue(this: unknown, key: string, value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return value.toString();
  // A Buffer has turned itself into something else before it is asked for here.
  const given = (this as Readonly<Record<string, unknown>>)[key];
  return given instanceof Uint8Array ? { base64: Buffer.from(given).toString("base64") } : value;
}
