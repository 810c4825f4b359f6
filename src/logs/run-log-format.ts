/**
 * The log of a run: what its attempts printed, byte for byte, with lines of Kron's own in between. Such a line is a
 * record of RFC 7464: the byte 0x1E at the start of a line, JSON, and a line feed.
 *
 * ```
 * 0x1E {"attempt":1,"at":1774746000000} LF      before the first output of an attempt
 * …                                             its output
 * 0x1E {"cut":1048576} LF                       once, when the file has reached its limit: nothing follows
 * 0x1E {"lost":4096} LF                         so many bytes of output could not be written here
 * ```
 *
 * Output could hold such a line only if its author wanted it to; it then misleads whoever reads the log, and nobody else.
 */

/** The byte that begins a line of Kron's own. */
export const markByte = 0x1e;

/** A line of Kron's own. */
export type RunLogMark =
  | { readonly kind: "attempt"; readonly attempt: number; readonly atMs: number }
  | { readonly kind: "cut"; readonly bytesMax: number }
  | { readonly kind: "lost"; readonly bytes: number };

/** The longest line of Kron's own, mark and line feed included. */
export const markBytesMax = 128;

/** The line that says `mark`. */
export function encodeMark(mark: RunLogMark): Uint8Array {
  return Buffer.from(`\u001e${JSON.stringify(fieldsOf(mark))}\n`, "latin1");
}

/** What the text between 0x1E and the line feed says; undefined when that is not Kron's. */
export function decodeMark(text: string): RunLogMark | undefined {
  const fields = parse(text);
  if (fields === undefined) return undefined;
  const { attempt, at, cut, lost } = fields;
  if (isCount(attempt) && isCount(at)) return { kind: "attempt", attempt, atMs: at };
  if (isCount(cut)) return { kind: "cut", bytesMax: cut };
  return isCount(lost) ? { kind: "lost", bytes: lost } : undefined;
}

function fieldsOf(mark: RunLogMark): object {
  if (mark.kind === "attempt") return { attempt: mark.attempt, at: mark.atMs };
  return mark.kind === "cut" ? { cut: mark.bytesMax } : { lost: mark.bytes };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    // Output that happens to begin with the byte.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
