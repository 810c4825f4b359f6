/** "Did you mean": the nearest of a list of known words, for error hints. */

/** Words longer than this are not compared; the work grows with the product of two lengths. */
const wordLengthMax = 64;

/**
 * The candidate with the fewest edits (insert, delete, replace, swap neighbours) from `word`, regardless of
 * case, or undefined when none is near enough: at most one edit per three letters.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > wordLengthMax) return undefined;
  const wanted = word.toLowerCase();
  let nearest: string | undefined;
  let fewest = Math.floor(word.length / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= fewest) continue;
    const edits = editCount(wanted, candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

/** The hint that names the candidate nearest to `word`, as `show` writes it; undefined when none is near enough. */
export function didYouMean(
  word: string,
  candidates: Iterable<string>,
  show: (candidate: string) => string = String,
): string | undefined {
  const meant = nearestWord(word, candidates);
  return meant === undefined ? undefined : `Did you mean ${show(meant)}?`;
}

/** The hint for the name of a run: what counts is behind `run_` and the zeros, which people leave out. */
export function didYouMeanRun(word: string, runIds: Iterable<string>): string | undefined {
  const shortOf = (runId: string): string => runId.replace(/^(run)?[_-]?0*/i, "");
  const byShort = new Map(Array.from(runIds, (runId) => [shortOf(runId), runId]));
  return didYouMean(shortOf(word), byShort.keys(), (short) => byShort.get(short) as string);
}

/** Damerau-Levenshtein distance in its restricted form: no letter is edited twice. */
function editCount(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let edits = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) edits = Math.min(edits, at(beforeLast, column - 2) + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

/** Rows are filled from the left before they are read; no caller reads past the end. */
function at(row: readonly number[], column: number): number {
  return row[column] as number;
}
