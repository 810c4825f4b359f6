/** Medians and percentiles, and a plain table of them. */

/** The value below which `share` (0 to 1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A number with thousands separators and at most `digits` decimals. */
export function show(value: number, digits = 0): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Prints rows under a heading as a Markdown table, so that it can stand in RESULTS.md as it is. */
export function printTable(heading: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n### ${heading}\n`);
  console.log(`| ${columns.join(" | ")} |`);
  console.log(`|${columns.map(() => "---").join("|")}|`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}
