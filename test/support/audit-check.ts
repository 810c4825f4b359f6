/** What `kron doctor` would say of a log. */

import * as assert from "uvu/assert";
import { apply } from "../../src/core/apply.ts";
import { LogAudit } from "../../src/core/audit.ts";
import type { Entry } from "../../src/core/record.ts";
import { State } from "../../src/core/state.ts";
import { Zones } from "../../src/core/zone.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";

const recurrences = new Recurrences(new Zones(intlOffsetSource()));

/** What the audit of a log counted, by the names that `checkAccount` has for the same. */
export type AuditCounts = Readonly<Record<"succeeded" | "dead" | "cancelled" | "lost" | "missed" | "skipped", number>>;

/** Audits a log from its middle, then from its first entry, and expects no problem; notes are allowed. */
export function assertAuditFindsNothing(entries: readonly Entry[]): AuditCounts {
  audited(entries, entries.length >> 1);
  const { runs, timers } = audited(entries, 0);
  const { succeeded, dead, cancelled, lost } = runs.tally;
  const { missed, skipped } = timers.tally;
  return { succeeded, dead, cancelled, lost, missed, skipped };
}

function audited(entries: readonly Entry[], begin: number): LogAudit {
  const state = new State();
  for (const [i, entry] of entries.slice(0, begin).entries()) apply(state, i + 1, 0, entry);
  const audit = new LogAudit(state, (...timer) => recurrences.make(...timer));
  for (const [i, entry] of entries.slice(begin).entries()) audit.take(begin + i + 1, 0, entry);
  audit.finish();
  assert.equal(audit.findings.problems, [], `audited from entry ${begin + 1}`);
  return audit;
}
