/** All that a runtime shows of its timers and their history, at one instant, through the public API alone. */

import type { HistoryEntry, Kron } from "../../src/index.ts";
import type { Mark, SurveyedRow, SurveyedTimer } from "./facts.ts";

const rowsMax = 100_000;

/** Synchronous, so that nothing can change while it looks. */
export function survey(kron: Kron): SurveyedTimer[] {
  return kron.list().map(({ id, state, payload, nextRunAtMs, definition, runningCount, waitingCount }) => {
    const { mark, rule } = payload as Mark;
    return {
      ...{ id, state, mark, rule, nextMs: nextRunAtMs },
      isJittered: definition.jitterMs > 0,
      live: runningCount + waitingCount,
      rows: kron.history(id, { limit: rowsMax }).map(surveyRow).reverse(),
    };
  });
}

function surveyRow(entry: HistoryEntry): SurveyedRow {
  const { outcome, runId, isManual, scheduledAtMs, lastScheduledAtMs, count, dueAtMs, attempts, failures } = entry;
  const token = (entry.result as { token?: number } | undefined)?.token;
  return {
    ...{ outcome, runId, isManual, firstMs: scheduledAtMs, lastMs: lastScheduledAtMs, count, dueMs: dueAtMs, attempts },
    failures: failures.map(({ attempt, outcome: ended }) => [attempt, ended] as const),
    token,
  };
}
