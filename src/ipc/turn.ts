/**
 * The end of the event loop's turn, where what a turn has gathered is written at once. It is no time: nothing is
 * waited for. Each round trip over a socket costs two system calls; with many requests a turn they share them.
 */

/** Calls `run` when this turn's callbacks and promises are done. */
export function atEndOfTurn(run: () => void): void {
  setImmediate(run);
}
