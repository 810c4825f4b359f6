/** What a thread of the module pool begins with: the thread's side, wired to the real world. piscina calls `run`. */

import { RunLogWriter } from "../logs/run-log-writer.ts";
import type { BatchReport, BatchTask, OpenTask } from "../runners/module-protocol.ts";
import { ModuleThread } from "../runners/module-thread.ts";
import { nextTurn, systemClock, toDate } from "../system.ts";

const thread = new ModuleThread({
  clock: systemClock(),
  toDate,
  nextTurn,
  openOutput: (file, { attempt, startedAtMs }, onTrouble) =>
    new RunLogWriter(file, { attempt, startedAtMs, onTrouble }),
});

/** Carries out one task of the runtime's. */
export function run(task: OpenTask | BatchTask): Promise<BatchReport | undefined> {
  return thread.run(task);
}
