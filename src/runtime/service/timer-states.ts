/** The states of timers, for whoever reads the name of one. */

import type { TimerState } from "../../supervisor/views.ts";

/** Every state a timer can be in. */
export const timerStates: readonly TimerState[] = [
  ...(["scheduled", "running", "retrying", "waiting", "paused"] as const),
  ...(["orphaned", "completed", "dead", "cancelled"] as const),
];
