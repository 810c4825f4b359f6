/** Compares what a page says a command prints with what it prints. */

/** What differs at every run: its pattern, and the word that takes its place on both sides. */
const volatile: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|[+-]\d\d:\d\d))?/g, "<time>"],
  [/\b\d\d:\d\d:\d\d(\.\d+)?\b/g, "<time>"],
  [/\brun_([0-9a-z]+\b|…)/g, "<run>"],
  [/\b(pid|process) \d+\b/g, "$1 <pid>"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "<uuid>"],
  [/\b[0-9a-f]{32,}\b/g, "<digest>"],
  [/\b\d+(\.\d+)? ?(B|KiB|MiB|GiB|bytes)\b/g, "<size>"],
  [/\bin \d+(ms|s|m|h|d)( \d+(s|m|h))?(?=\W|$)/g, "in <duration>"],
  [/\b\d+(ms|s|m|h|d)( \d+(s|m|h))? ago\b/g, "<duration> ago"],
  [/\b(\d+(\.\d+)? ?ms|\d+\.\d+ ?s)\b/g, "<duration>"],
];

/**
 * Whether `got` is what a page shows as `expected`: line by line, with runs of blanks as one, and times, ids of runs and
 * processes, sizes and durations as equal. `…` stands for anything within a line, and alone on a line for any lines.
 */
export function isOutputAsShown(expected: string, got: string): boolean {
  const pattern = linesOf(expected)
    .map((line) => (line === "…" ? "(?:.*\\n)*?" : `${line.split("…").map(escaped).join(".*")}\\n`))
    .join("");
  return new RegExp(`^${pattern}$`).test(
    linesOf(got)
      .map((line) => `${line}\n`)
      .join(""),
  );
}

function linesOf(text: string): string[] {
  let steady = text;
  for (const [pattern, word] of volatile) steady = steady.replace(pattern, word);
  return steady
    .split("\n")
    .map((line) => line.replace(/[ \t]+/g, " ").trim())
    .filter((line) => line !== "");
}

/** `text` as a pattern that fits it alone. */
export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
