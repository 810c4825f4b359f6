/**
 * uvu with its silences removed. uvu 0.5 says nothing when `test.run()` is missing, when a hook throws, when
 * an `.only` was left over, or when a test never settles. A suite made here counts what was registered and
 * what really finished, gives each test a deadline, and tells the runner at exit on a line of its own.
 */

import { suite as uvuSuite } from "uvu";

/** The line that `run.ts` looks for in a test file's output; a file without it has failed. */
export const REPORT_PREFIX = "##kron-test ";

/** What one test file did: counts of tests, and whether any `only` narrowed the run. */
export interface TestReport {
  readonly registered: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly suitesNotRun: number;
}

type TestBody = () => void | Promise<void>;

/** A suite: call it to add a test, call `run()` last. There is no `only`, so that none can be left over. */
export interface Suite {
  (name: string, body: TestBody): void;
  skip(name: string, why: string): void;
  before(hook: TestBody): void;
  after(hook: TestBody): void;
  beforeEach(hook: TestBody): void;
  afterEach(hook: TestBody): void;
  run(): void;
}

const counts = { registered: 0, passed: 0, failed: 0, skipped: 0, suitesNotRun: 0 };

process.on("exit", () => {
  const report: TestReport = { ...counts };
  const complete = counts.passed + counts.failed === counts.registered;
  if (counts.failed > 0 || counts.suitesNotRun > 0 || !complete) process.exitCode ||= 1;
  process.stdout.write(`\n${REPORT_PREFIX}${JSON.stringify(report)}\n`);
});

/**
 * Makes a suite named `name`; each of its tests fails after `deadlineMs` (default 30,000) of real time.
 */
export function suite(name: string, deadlineMs = 30_000): Suite {
  const inner = uvuSuite(name);
  counts.suitesNotRun += 1;
  let wasRun = false;

  const add = (title: string, body: TestBody): void => {
    counts.registered += 1;
    inner(title, async () => {
      try {
        await withDeadline(body, deadlineMs, `${name}: ${title}`);
        counts.passed += 1;
      } catch (error) {
        counts.failed += 1;
        throw error;
      }
    });
  };

  return Object.assign(add, {
    skip(title: string, why: string): void {
      counts.skipped += 1;
      process.stdout.write(`skipped: ${name}: ${title} (${why})\n`);
    },
    before: (hook: TestBody): void => inner.before(hook),
    after: (hook: TestBody): void => inner.after(hook),
    beforeEach: (hook: TestBody): void => inner.before.each(hook),
    afterEach: (hook: TestBody): void => inner.after.each(hook),
    run(): void {
      if (!wasRun) counts.suitesNotRun -= 1;
      wasRun = true;
      inner.run();
    },
  });
}

async function withDeadline(body: TestBody, deadlineMs: number, title: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No result within ${deadlineMs} ms: ${title}`)), deadlineMs);
  });
  try {
    await Promise.race([body(), expired]);
  } finally {
    clearTimeout(timer);
  }
}
