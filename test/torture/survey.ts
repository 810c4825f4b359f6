/** All that a runtime shows of its timers and their history, at one instant, through the public API alone. */

import type { HistoryEntry, Kron } from "../../src/index.ts";
import type { Mark, SurveyedRow, SurveyedTimer } from "./facts.ts";

const rowsMax = 100_000;

/** What is awaited is there already, so all of it is looked at in one turn, in which nothing can change. */
export async function survey(kron: Kron): Promise<SurveyedTimer[]> {
  const surveyed: SurveyedTimer[] = [];
  for (const { id, state, payload, nextRunAtMs, definition, runningCount, waitingCount } of await kron.list()) {
    const { mark, rule } = payload as Mark;
    surveyed.push({
      ...{ id, state, mark, rule, nextMs: nextRunAtMs },
      isJittered: definition.jitterMs > 0,
      live: runningCount + waitingCount,
      rows: (await kron.history(id, { limit: rowsMax })).map(surveyRow).reverse(),
    });
  }
  return surveyed;
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
