/** Processes that a test did not start itself, such as grandchildren: whether they live, and waiting until they do not. */

import { readFileSync } from "node:fs";

/** Whether the process is there and not merely waiting to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // Field 3 of proc(5), after the name in parentheses; a zombie executes nothing any more.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    // Gone between the two looks, or no Linux.
    return process.platform !== "linux";
  }
}

/** Resolves when `check` is true, which is asked every few milliseconds; rejects after `deadlineMs`. */
export async function until(check: () => boolean, what: string, deadlineMs = 20_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!check()) {
    if (performance.now() > endMs) throw new Error(`Not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
