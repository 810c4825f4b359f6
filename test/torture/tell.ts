/** How a tortured process tells its parent what it knows for certain. */

import { writeSync } from "node:fs";
import type { Fact } from "./facts.ts";

/** The descriptor of the pipe to the parent. */
export const factsFd = 3;

/** Writes the fact to the parent; once this returns, no kill can take it back. */
export function tell(fact: Fact): void {
  const line = Buffer.from(`${JSON.stringify(fact)}\n`);
  for (let sent = 0; sent < line.length; ) {
    try {
      sent += writeSync(factsFd, line, sent);
    } catch (error) {
      // The pipe is full: the parent will read on.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}
