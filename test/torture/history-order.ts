/** The order of a timer's finished occurrences, as far as it is known, and what the history makes of it. */

import type { SurveyedRow } from "./facts.ts";

/** Where a process ended, and something may have happened that nobody was told. */
const gap = Symbol("gap");

/** One timer's account. */
export class HistoryOrder {
  #items: (string | typeof gap)[] = [];

  /** Adds the newest. */
  add(key: string): void {
    this.#items.push(key);
  }

  /** The process has ended. */
  endLife(): void {
    if (this.#items.at(-1) !== gap) this.#items.push(gap);
  }

  /**
   * Compares with the history, of which at least `rowsMax` rows are kept. Everything told must be there, in its
   * order, up to what is too old; what was not told may only stand where a process ended.
   */
  *check(rows: readonly SurveyedRow[], rowsMax: number): Generator<string> {
    const keys = rows.map(rowKey);
    const problem = this.#compare(keys, rowsMax);
    if (problem !== undefined) yield problem;
    this.#items = keys;
  }

  #compare(keys: readonly string[], rowsMax: number): string | undefined {
    let at = keys.length - 1;
    for (let i = this.#items.length - 1; i >= 0; i--) {
      const item = this.#items[i];
      if (item === gap) {
        const before = this.#items[i - 1];
        while (at >= 0 && keys[at] !== before) at -= 1;
      } else if (at < 0) {
        if (keys.length >= rowsMax) return undefined;
        return `${String(item)} was told and is not in the history, which has ${keys.length} rows`;
      } else if (keys[at] === item) {
        at -= 1;
      } else {
        return `${String(item)} was told, and ${keys[at]} stands in its place in the history`;
      }
    }
    return at < 0 ? undefined : `${keys[at]} is in the history and was never told`;
  }
}

/** What names a finished run, or occurrences that passed by. */
export function rowKey({ runId, outcome, firstMs, dueMs }: SurveyedRow): string {
  return runId ?? passedKey(outcome, firstMs, dueMs);
}

/** The name of occurrences that passed by. */
export function passedKey(outcome: string, firstMs: number, dueMs: number): string {
  return `${outcome} ${firstMs} at ${dueMs}`;
}
