/** The name of an occurrence, for stores that shall take its effects once. */

import { formatInstant } from "./instant.ts";

/** What an occurrence is named by. */
export interface NamedOccurrence {
  readonly timerId: string;
  readonly runId: string;
  readonly isManual: boolean;
  readonly scheduledAtMs: number;
}

/** The same for all attempts of one occurrence, and for no other occurrence: its due time, or its run if it has none. */
export function idempotencyKeyOf({ timerId, runId, isManual, scheduledAtMs }: NamedOccurrence): string {
  return `${timerId}:${isManual ? runId : formatInstant(scheduledAtMs)}`;
}
