/**
 * The end of the event loop's turn, which is no time: nothing is waited for, and a virtual clock has no say in it.
 *
 * A microtask would come too early (callers that are woken by promises have not proposed yet) and, with
 * `everysec`, could follow itself for ever and starve everything else; a timer of 0 ms comes a millisecond late.
 */

import type { CancelWait } from "../ports.ts";

/** Calls `run` when this turn's callbacks and promises are done. */
export function atEndOfTurn(run: () => void): CancelWait {
  const immediate = setImmediate(run);
  return () => clearImmediate(immediate);
}
