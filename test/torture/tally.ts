/** What a torture amounts to, in numbers. */

/** Counts, of one directory or of all. */
export interface Tally {
  rounds: number;
  kills: number;
  tears: number;
  fullDisks: number;
  failedSyncs: number;
  checkpoints: number;
  /** Acknowledged facts that were checked. */
  facts: number;
  runs: number;
  lost: number;
  /** Times under one schedule in which every single occurrence was looked for. */
  stretches: number;
}

/** All zero. */
export function emptyTally(): Tally {
  return {
    ...{ rounds: 0, kills: 0, tears: 0, fullDisks: 0, failedSyncs: 0 },
    ...{ checkpoints: 0, facts: 0, runs: 0, lost: 0, stretches: 0 },
  };
}

/** Adds `more` to `sum`. */
export function addTo(sum: Tally, more: Partial<Tally>): void {
  for (const [name, count] of Object.entries(more)) sum[name as keyof Tally] += count;
}

/** One line for people. */
export function tallyText(tally: Tally): string {
  const { rounds, kills, tears, fullDisks, failedSyncs, checkpoints, facts, runs, lost, stretches } = tally;
  return (
    `${rounds} rounds, ${kills} kills, ${tears} tears, ${fullDisks} full disks, ${failedSyncs} failed syncs, ` +
    `${checkpoints} checkpoints; ${facts} acknowledged facts checked, ${runs} runs seen, ${lost} attempts lost, ` +
    `${stretches} stretches of occurrences`
  );
}
