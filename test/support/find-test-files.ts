/** Which test files a run of `run.ts` is about. */

import { readdirSync } from "node:fs";

/**
 * Paths below `root` of the built test files that contain one of `patterns` (all files when there is none),
 * slow ones first, so that they do not trail behind the others. `quick` leaves the slow ones out.
 *
 * Throws when a pattern matches nothing, or when nothing is left to run.
 */
export function findTestFiles(root: string, patterns: readonly string[], quick: boolean): string[] {
  const all = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.js"))
    .sort();
  if (all.length === 0) throw new Error(`No test files under ${root}; run \`npm run build\` first`);
  const unmatched = patterns.filter((pattern) => !all.some((name) => name.includes(pattern)));
  if (unmatched.length > 0) throw new Error(`No test file matches ${unmatched.join(", ")}`);
  const wanted = all.filter((name) => patterns.length === 0 || patterns.some((pattern) => name.includes(pattern)));
  const slow = wanted.filter((name) => name.endsWith(".slow.test.js"));
  const fast = wanted.filter((name) => !slow.includes(name));
  const chosen = quick ? fast : [...slow, ...fast];
  if (chosen.length === 0) throw new Error("Only slow tests match, and --quick leaves those out");
  return chosen;
}
