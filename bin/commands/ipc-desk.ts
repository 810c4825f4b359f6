/** Timers of a runtime in another process, looked up and changed over its socket. */

import { isKronError, KronError } from "../../src/core/errors.ts";
import type { RecordedTimer } from "../../src/core/sync-plan.ts";
import { IpcClient } from "../../src/ipc/client.ts";
import { unpackTimer } from "../../src/runtime/service/wire-views.ts";
import type { TimerChange, TimerDesk } from "../../src/runtime/sync.ts";
import { systemClock } from "../../src/system.ts";

/** Requests under way at a time. */
const callsMax = 64;

/** A desk in the runtime that holds a directory. */
export class IpcDesk implements TimerDesk {
  readonly #client: IpcClient;

  private constructor(client: IpcClient) {
    this.#client = client;
  }

  /** Undefined when no runtime holds the directory, or none that can be reached. */
  static async connect(dataDir: string): Promise<IpcDesk | undefined> {
    try {
      return new IpcDesk(await IpcClient.connect(dataDir, { clock: systemClock(), name: "kron" }));
    } catch (error) {
      if (isKronError(error, "KRON_UNREACHABLE")) return undefined;
      throw error;
    }
  }

  async recorded(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, RecordedTimer>> {
    const found = new Map<string, RecordedTimer>();
    await eachOf([...ids], async (id) => {
      const timer = await this.#get(id);
      if (timer !== undefined) found.set(id, timer);
    });
    return found;
  }

  /** Each change is durable by itself; one that fails stops those that come after it. */
  async apply(changes: readonly TimerChange[]): Promise<ReadonlySet<string>> {
    const updated = new Set<string>();
    await eachOf(changes, async (change) => {
      if (change.kind === "cancel") {
        await this.#client.call("timer.cancel", { id: change.id });
        return;
      }
      const { timer, options } = change;
      const result = await this.#client.call("timer.schedule", { id: timer.id, options });
      if ((result as { readonly action?: unknown }).action === "updated") updated.add(timer.id);
    });
    return updated;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #get(id: string): Promise<RecordedTimer | undefined> {
    try {
      const reply = await this.#client.call("timer.get", { id });
      const { timer, anchorMs } = unpackTimer((reply as { readonly timer?: unknown }).timer);
      const { definition, payload, state } = timer;
      return state === "cancelled" ? undefined : { id, definition, anchorMs, payload, hidesSecrets: true };
    } catch (error) {
      if (error instanceof KronError && error.code === "KRON_TIMER_NOT_FOUND") return undefined;
      throw error;
    }
  }
}

async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += callsMax) {
    const results = await Promise.allSettled(items.slice(from, from + callsMax).map(work));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}
