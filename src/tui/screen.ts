/**
 * The terminal: its other screen while we have it, raw keys, the mouse; and back to what it was, whatever happens. Writing
 * to a terminal is synchronous in Node, so what is written before the end is there.
 */

import { writeSync } from "node:fs";
import type { ReadStream, WriteStream } from "node:tty";
import type { Row } from "./layout/row.ts";
import type { Abilities } from "./paint.ts";
import { Painter } from "./paint.ts";

/** A terminal as the app sees it. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Takes the terminal; text that is typed goes to `input`. */
  enter(input: (text: string) => void, resized: () => void): void;
  show(rows: readonly Row[]): void;
  /** Gives it back. Harmless when it has been given back. */
  leave(): void;
}

// The other screen, no cursor, no wrapping, clicks and wheel as SGR, pastes in brackets.
const enterCodes = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[?1000h\u001b[?1006h\u001b[?2004h\u001b[2J";
const leaveCodes = "\u001b[?2026l\u001b[?2004l\u001b[?1006l\u001b[?1000l\u001b[?7h\u001b[0m\u001b[?25h\u001b[?1049l";
const columnsDefault = 80;
const rowsDefault = 24;

/** The terminal of this process. */
export class TerminalScreen implements Screen {
  readonly #stdin: ReadStream;
  readonly #stdout: WriteStream;
  readonly #stdoutFd: number;
  readonly #painter: Painter;
  #release: (() => void) | undefined;

  constructor(stdin: ReadStream, stdout: WriteStream, abilities: Abilities) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    // The types of Node leave it out.
    this.#stdoutFd = (stdout as unknown as { readonly fd: number }).fd;
    this.#painter = new Painter(abilities);
  }

  get columns(): number {
    return this.#stdout.columns || columnsDefault;
  }

  get rows(): number {
    return this.#stdout.rows || rowsDefault;
  }

  enter(input: (text: string) => void, resized: () => void): void {
    if (this.#release !== undefined) return;
    const leave = (): void => this.leave();
    const resize = (): void => {
      this.#painter.forget();
      this.#write("\u001b[2J");
      resized();
    };
    this.#stdin.setRawMode(true);
    this.#stdin.setEncoding("utf8").on("data", input).resume();
    this.#stdout.on("resize", resize);
    // Also when the process ends by an error that nobody caught.
    process.once("exit", leave);
    this.#painter.forget();
    this.#write(enterCodes);
    this.#release = () => {
      process.off("exit", leave);
      this.#stdout.off("resize", resize);
      this.#stdin.off("data", input).pause();
      try {
        this.#stdin.setRawMode(false);
      } catch {
        // The terminal has gone, and nobody is left to type into it.
      }
    };
  }

  show(rows: readonly Row[]): void {
    const text = this.#painter.paint(rows);
    if (text !== "" && this.#release !== undefined) this.#stdout.write(text);
  }

  leave(): void {
    const release = this.#release;
    if (release === undefined) return;
    this.#release = undefined;
    this.#write(leaveCodes);
    release();
  }

  #write(codes: string): void {
    try {
      writeSync(this.#stdoutFd, codes);
    } catch {
      // The terminal has gone: there is nothing to put right.
    }
  }
}
