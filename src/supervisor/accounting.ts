/** Accounts for occurrences that will not run, so that none disappears without an outcome. */

import { passedUntil, restartMs } from "../core/misfire.ts";
import { Kind, type MissReason } from "../core/record.ts";
import { nextOccurrence, type Recurrence } from "../core/recurrence.ts";
import type { Ledger } from "./ledger.ts";

/** Occurrences from `firstMs` (the timer's next one) up to and including `untilMs`. */
export interface Span {
  readonly firstMs: number;
  readonly untilMs: number;
  readonly nowMs: number;
}

/** Proposes one record for all occurrences of a span: skipped because of `overlap`, or missed for another reason. */
export function proposePassedBy(
  ledger: Ledger,
  slot: number,
  recurrence: Recurrence,
  span: Span,
  reason: MissReason | "overlap",
): void {
  const timer = ledger.state.timers.reference(slot);
  const { firstAtMs, lastAtMs, count } = passedUntil(recurrence, span.firstMs, span.untilMs);
  const nextAtMs = nextOccurrence(recurrence, lastAtMs) ?? restartMs(recurrence.definition, span.nowMs);
  if (reason === "overlap") ledger.propose([Kind.RUN_SKIPPED_OVERLAP, timer, firstAtMs, lastAtMs, count, nextAtMs]);
  else ledger.propose([Kind.RUN_MISSED, timer, firstAtMs, lastAtMs, count, nextAtMs, reason]);
}
