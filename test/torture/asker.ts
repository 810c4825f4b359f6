/** Asks a runtime for changes, and tells before each that it is asked for and after it what came of it. */

import { type Callback, isKronError, type Kron, type KronErrorCode, type ScheduleOptions } from "../../src/index.ts";
import type { AskKind, Mark } from "./facts.ts";
import { tell } from "./tell.ts";

interface Answer {
  readonly changed: boolean;
  readonly runId?: string;
}

/** Refusals that are part of the game, and leave everything as it was. */
const refusals: ReadonlySet<KronErrorCode> = new Set([
  ...(["KRON_TIMER_NOT_FOUND", "KRON_TIMER_STATE", "KRON_QUEUE_FULL", "KRON_CONFLICT"] as const),
  ...(["KRON_DISK_FULL", "KRON_NOT_STARTED", "KRON_STOPPED", "KRON_BACKLOG_FULL"] as const),
]);

/** The asks of one process. */
export class Asker {
  readonly #kron: Kron;
  readonly #queued: number[] = [];
  #count = 0;
  #open = 0;

  constructor(kron: Kron) {
    this.#kron = kron;
  }

  /** Whether an ask has no answer yet. */
  get isBusy(): boolean {
    return this.#open > 0;
  }

  /** The runtime is open, so what was queued before is durable. */
  noteOpen(): void {
    for (const ask of this.#queued) tell({ kind: "done", ask, changed: true });
    this.#queued.length = 0;
  }

  async schedule(id: string, options: ScheduleOptions<Mark>, callback: Callback<Mark>): Promise<void> {
    const { mark, rule } = options.payload as Mark;
    let isQueued = false;
    const ask = await this.#ask("schedule", id, { mark, rule }, async () => {
      const { action } = await this.#kron.schedule(id, options, callback);
      isQueued = action === "queued";
      return isQueued ? undefined : { changed: action !== "unchanged" };
    });
    if (isQueued) this.#queued.push(ask);
  }

  async change(what: "pause" | "resume" | "cancel", id: string, work: () => Promise<Answer>): Promise<void> {
    await this.#ask(what, id, {}, async () => ({ changed: (await work()).changed }));
  }

  async trigger(id: string, payload: unknown): Promise<void> {
    await this.#ask("trigger", id, {}, async () => {
      const { runId } = await this.#kron.trigger(id, { payload });
      return { changed: true, runId };
    });
  }

  async checkpoint(): Promise<void> {
    tell({ kind: "checkpointing" });
    await this.#ask("checkpoint", "", {}, async () => {
      await this.#kron.checkpoint();
      return { changed: true };
    });
  }

  async #ask(what: AskKind, id: string, more: object, work: () => Promise<Answer | undefined>): Promise<number> {
    this.#count += 1;
    this.#open += 1;
    const ask = this.#count;
    tell({ kind: "asked", ask, what, id, ...more });
    try {
      const answer = await work();
      if (answer !== undefined) tell({ kind: "done", ask, ...answer });
    } catch (error) {
      if (!isKronError(error)) {
        tell({ kind: "trouble", message: `${what} ${id}: ${error instanceof Error ? error.stack : error}` });
      } else if (refusals.has(error.code)) {
        tell({ kind: "refused", ask, code: error.code });
      } else if (error.code !== "KRON_JOURNAL_FAILED" && what !== "checkpoint") {
        tell({ kind: "trouble", message: `${what} ${id}: ${error.code} ${error.stack}` });
      }
    } finally {
      this.#open -= 1;
    }
    return ask;
  }
}
