/** The runners of a runtime behind one: each attempt goes to the one that knows its kind of target. */

import type { TargetSpec } from "../core/target.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, Runner, TargetRunner } from "../ports.ts";

/** Runners of targets that stand in definitions, by kind. */
export type TargetRunners = Readonly<Record<Exclude<TargetSpec["kind"], "callback">, TargetRunner>>;

/** Sends attempts to the runner of their target. */
export class RunnerSet implements Runner {
  readonly #callbacks: Runner;
  readonly #targets: TargetRunners;
  readonly #targetOf: (slot: number) => TargetSpec;
  readonly #closeTools: () => Promise<void>;

  /** `closeTools` gives back what the runners of targets share, after them. */
  constructor(
    callbacks: Runner,
    targets: TargetRunners,
    targetOf: (slot: number) => TargetSpec,
    closeTools: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.#callbacks = callbacks;
    this.#targets = targets;
    this.#targetOf = targetOf;
    this.#closeTools = closeTools;
  }

  canRun(slot: number): boolean {
    return this.#targetOf(slot).kind !== "callback" || this.#callbacks.canRun(slot);
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { kind } = order.target;
    return (kind === "callback" ? this.#callbacks : this.#targets[kind]).start(order, done);
  }

  /** Ends what the runners of targets still execute. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#targets).map((runner) => runner.close()));
    await this.#closeTools();
  }
}
