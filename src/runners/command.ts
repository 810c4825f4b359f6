/** Runs commands: each attempt is a process with a group of its own, see `command-attempt.ts`. */

import { assert } from "../core/assert.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, TargetRunner } from "../ports.ts";
import { CommandAttempt, type CommandParts } from "./command-attempt.ts";

/** How long `close` waits for processes that were killed. */
const closeMsMax = 2_000;

/** Executes targets of the kind `command`. */
export class CommandRunner implements TargetRunner {
  readonly #parts: CommandParts;
  readonly #attempts = new Set<CommandAttempt>();
  #hasToldTrouble = false;
  #whenIdle: (() => void) | undefined;

  constructor(parts: Omit<CommandParts, "outputTrouble">) {
    this.#parts = { ...parts, outputTrouble: (error) => this.#outputTrouble(error) };
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { target } = order;
    assert(target.kind === "command", "the runner of commands is given commands");
    const attempt = new CommandAttempt(this.#parts, order, target, (end) => {
      this.#attempts.delete(attempt);
      done(end);
      if (this.#attempts.size === 0) this.#whenIdle?.();
    });
    this.#attempts.add(attempt);
    attempt.start();
    return attempt;
  }

  async close(): Promise<void> {
    for (const attempt of this.#attempts) attempt.terminate();
    if (this.#attempts.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancelWait = this.#parts.clock.wakeAfter(closeMsMax, resolve);
      this.#whenIdle = () => {
        cancelWait();
        resolve();
      };
    });
  }

  #outputTrouble(err: Error): void {
    if (!this.#hasToldTrouble) this.#parts.logger.warn({ err }, "Output of commands cannot be kept and is dropped");
    this.#hasToldTrouble = true;
  }
}
