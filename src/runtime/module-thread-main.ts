/** What a thread of the module pool begins with: the thread's side, wired to the real world. piscina calls `run`. */

import type { BatchReport, BatchTask, OpenTask } from "../runners/module-protocol.ts";
import { ModuleThread } from "../runners/module-thread.ts";
import { nextTurn, systemClock, toDate } from "../system.ts";
import { appendOutput } from "./append-output.ts";

const thread = new ModuleThread({ clock: systemClock(), toDate, nextTurn, openOutput: appendOutput });

/** Carries out one task of the runtime's. */
export function run(task: OpenTask | BatchTask): Promise<BatchReport | undefined> {
  return thread.run(task);
}
