/** Counts as people read them. */

/** A whole number with its thousands apart: `12,345`. */
export function groupedNumber(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
