/** What `kron doctor` would say of a log. */

import * as assert from "uvu/assert";
import { LogAudit } from "../../src/core/audit.ts";
import type { Entry } from "../../src/core/record.ts";
import { State } from "../../src/core/state.ts";
import { Zones } from "../../src/core/zone.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";

const recurrences = new Recurrences(new Zones(intlOffsetSource()));

/** Audits a log from its first entry and expects no problem; notes are allowed. */
export function assertAuditFindsNothing(entries: readonly Entry[]): void {
  const audit = new LogAudit(new State(), (...timer) => recurrences.make(...timer));
  for (const [i, entry] of entries.entries()) audit.take(i + 1, 0, entry);
  audit.finish();
  assert.equal(audit.findings.problems, []);
}
