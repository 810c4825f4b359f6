/** What `apply` says about an entry: an outcome per record, and what the engine should look at again. */

import type { KronErrorCode } from "./errors.ts";
import type { Run } from "./run.ts";

/** A record was refused and changed nothing. */
export interface Refusal {
  readonly kind: "refused";
  readonly code: KronErrorCode;
  readonly reason: string;
}

/** A record changed the timer in this slot. */
export interface TimerChange {
  readonly kind: "timer";
  readonly slot: number;
}

/** A record was taken note of and concerns no timer. */
export interface Noted {
  readonly kind: "noted";
}

/** What became of one record. A run is its own outcome, as it stands after the record. */
export type Outcome = Run | TimerChange | Refusal | Noted;

/** What an entry did: an outcome per record, and what to look at again. Slots and runs may repeat. */
export interface Applied {
  readonly outcomes: Outcome[];
  readonly slots: number[];
  readonly runs: Run[];
  /** Slots whose timers were forgotten: what others keep by slot has to go, for another timer may get it. */
  readonly forgotten: number[];
}

/** The outcome of a record that changes nothing because of `reason`. */
export function refused(code: KronErrorCode, reason: string): Refusal {
  return { kind: "refused", code, reason };
}
