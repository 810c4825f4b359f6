/** How `kron job logs` shows a log: for a terminal, as it is, or as lines of JSON. */

import { StringDecoder } from "node:string_decoder";
import type { RunLogMark } from "../../src/logs/run-log-format.ts";
import type { RunLogPiece } from "../../src/logs/run-log-splitter.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import type { Output } from "../output.ts";
import { TerminalText } from "../terminal-text.ts";

/** Shows the pieces of one log. */
export interface LogRenderer {
  show(piece: RunLogPiece): void;
  /** Nothing follows. */
  end(): void;
}

/** Lines of JSON are not gathered beyond this. */
const lineCharsMax = 64 * 1024;
const yearMsMax = Date.UTC(9999, 0);

/** What suits the output that was asked for. `tell` makes the text that announces an attempt. */
export function logRenderer(
  { output }: CommandContext,
  run: { readonly timerId: string; readonly runId: string },
  timeText: (ms: number) => string,
): LogRenderer {
  if (output.options.isJson) return new JsonRenderer(output, run);
  const tell = (mark: RunLogMark): void =>
    output.message(output.tonedMessage("dim", markText(mark, run.runId, timeText)));
  return output.options.width === undefined ? new RawRenderer(output, tell) : new TerminalRenderer(output, tell);
}

/** The bytes as they are, so that they can go to a file or another program. */
class RawRenderer implements LogRenderer {
  readonly #output: Output;
  readonly #tell: (mark: RunLogMark) => void;

  constructor(output: Output, tell: (mark: RunLogMark) => void) {
    this.#output = output;
    this.#tell = tell;
  }

  show(piece: RunLogPiece): void {
    if (piece.kind === "mark") this.#tell(piece.mark);
    else this.#output.bytes(piece.bytes);
  }

  end(): void {
    this.#output.flush();
  }
}

/** Text that a terminal can be given. */
export class TerminalRenderer implements LogRenderer {
  readonly #output: Output;
  readonly #tell: (mark: RunLogMark) => void;
  readonly #text: TerminalText;

  constructor(output: Output, tell: (mark: RunLogMark) => void) {
    this.#output = output;
    this.#tell = tell;
    this.#text = new TerminalText(output.options.depth !== "none");
  }

  show(piece: RunLogPiece): void {
    if (piece.kind === "output") {
      this.#write(this.#text.push(piece.bytes));
      return;
    }
    this.#write(this.#text.end());
    this.#tell(piece.mark);
  }

  end(): void {
    this.#write(this.#text.end());
  }

  #write(text: string): void {
    this.#output.bytes(Buffer.from(text, "utf8"));
  }
}

/** A line of JSON for each line of output, and for each attempt. */
export class JsonRenderer implements LogRenderer {
  readonly #output: Output;
  readonly #run: { readonly timerId: string; readonly runId: string };
  readonly #decoder = new StringDecoder("utf8");
  #attempt = 0;
  #line = "";

  constructor(output: Output, run: { readonly timerId: string; readonly runId: string }) {
    this.#output = output;
    this.#run = run;
  }

  show(piece: RunLogPiece): void {
    if (piece.kind === "output") {
      this.#add(this.#decoder.write(Buffer.from(piece.bytes)));
      this.#output.flush();
      return;
    }
    this.#finishLine();
    const { kind, ...fields } = piece.mark;
    if (piece.mark.kind === "attempt") this.#attempt = piece.mark.attempt;
    this.#put({ kind, ...fields });
  }

  end(): void {
    this.#finishLine();
    this.#output.flush();
  }

  #add(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.#put({ kind: "line", line });
    while (this.#line.length > lineCharsMax) {
      this.#put({ kind: "line", line: this.#line.slice(0, lineCharsMax), isPart: true });
      this.#line = this.#line.slice(lineCharsMax);
    }
  }

  #finishLine(): void {
    this.#line += this.#decoder.end();
    if (this.#line !== "") this.#put({ kind: "line", line: this.#line });
    this.#line = "";
  }

  #put({ kind, ...fields }: Readonly<Record<string, unknown>>): void {
    this.#output.jsonLine({ version: jsonVersion, ...this.#run, attempt: this.#attempt, kind, ...fields });
  }
}

function markText(mark: RunLogMark, runId: string, timeText: (ms: number) => string): string {
  switch (mark.kind) {
    case "attempt":
      return `--- ${runId}, attempt ${mark.attempt}, ${isInstant(mark.atMs) ? timeText(mark.atMs) : "?"}`;
    case "cut":
      return `--- output cut at ${mark.bytesMax} bytes`;
    default:
      return `--- ${mark.bytes} bytes of output could not be written here`;
  }
}

/** A log may hold any number; a time that people can read has a year of four digits. */
function isInstant(ms: number): boolean {
  return ms <= yearMsMax;
}
