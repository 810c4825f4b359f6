/** Timers of the runtime in this process. */

import { jitterMs } from "../../src/core/recurrence.ts";
import type { RecordedTimer } from "../../src/core/sync-plan.ts";
import type { Kron } from "../../src/kron.ts";
import type { TimerChange, TimerDesk } from "../../src/runtime/sync.ts";
import type { TimerView } from "../../src/supervisor/views.ts";

/** A desk in `kron`, which has been started. */
export class KronDesk implements TimerDesk {
  readonly #kron: Kron;

  constructor(kron: Kron) {
    this.#kron = kron;
  }

  async recorded(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, RecordedTimer>> {
    const found = new Map<string, RecordedTimer>();
    for (const id of ids) {
      const view = await this.#kron.status(id);
      if (view === undefined || view.state === "cancelled") continue;
      const { definition, payload } = view;
      found.set(id, { id, definition, anchorMs: anchorOf(view), payload, hidesSecrets: true });
    }
    return found;
  }

  async apply(changes: readonly TimerChange[]): Promise<ReadonlySet<string>> {
    const updated = new Set<string>();
    // Together, so that they share a write.
    const results = await Promise.allSettled(
      changes.map(async (change) => {
        if (change.kind === "cancel") {
          await this.#kron.cancel(change.id);
          return;
        }
        const { action, timerId } = await this.#kron.schedule(change.timer.id, change.options);
        if (action === "updated") updated.add(timerId);
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return updated;
  }
}

/** The instant of `at`, as far as a view tells it; others need none. */
function anchorOf({ id, definition, lastScheduledAtMs, nextRunAtMs }: TimerView): number {
  if (definition.schedule.kind !== "at") return 0;
  return lastScheduledAtMs ?? (nextRunAtMs ?? 0) - jitterMs(definition, id, 0);
}
