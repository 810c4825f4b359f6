/** What a killed process had been told for certain, one line each. */

import type { MissedEvent, RunEvent, TimerEvent } from "../../src/index.ts";

/** One acknowledged fact, or something that must not happen at all (`trouble`). */
export type Fact =
  | { readonly kind: "open" }
  | { readonly kind: "run"; readonly event: RunEvent }
  | { readonly kind: "missed"; readonly event: MissedEvent }
  | { readonly kind: "timer"; readonly event: TimerEvent }
  | { readonly kind: "began"; readonly token: number }
  | { readonly kind: "triggered"; readonly runId: string }
  | { readonly kind: "scheduled"; readonly id: string; readonly mark: string; readonly action: string }
  | { readonly kind: "changed"; readonly what: string; readonly id: string; readonly changed: boolean }
  | { readonly kind: "trouble"; readonly message: string };
