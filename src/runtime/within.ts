/** Waiting with a deadline. */

import type { Clock } from "../ports.ts";

/** Whether `promise`, which must not reject, settles within `ms` of the clock. */
export function within(clock: Clock, promise: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancelWait = clock.wakeAfter(ms, () => resolve(false));
    void promise.then(() => {
      cancelWait();
      resolve(true);
    });
  });
}
