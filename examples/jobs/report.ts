/** A job of its own file: whatever runs over the data directory can execute it, in a thread or in a process. */

import type { RunContext } from "../../src/index.ts";

/** What the timer gives along. */
export interface ReportPayload {
  readonly lines: number;
}

/** Adds up some numbers, says how far it is, and stops when it is asked to. */
export async function report({ payload, log, progress, signal }: RunContext<ReportPayload>): Promise<object> {
  let sum = 0;
  for (let line = 1; line <= payload.lines; line++) {
    signal.throwIfAborted();
    sum += line;
    if (line % 1_000 === 0) {
      progress(line / payload.lines);
      // Long work in one go would keep the signal from being heard.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  console.log(`${payload.lines} lines`);
  log.info("The report is done", { sum });
  return { sum };
}
