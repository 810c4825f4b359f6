/**
 * uvu with its silences removed. uvu 0.5 says nothing when `test.run()` is missing, when a hook throws, when
 * an `.only` was left over, or when a test never settles. A suite made here counts what was registered and
 * what really finished, gives each test and hook a deadline, and tells the runner so when the process exits.
 *
 * A file must also be able to end: what is still alive `leakGraceMs` after the last suite is named and fails
 * the file, because a handle that a test forgot is a handle that a user's process would be kept alive by.
 */

import { writeSync } from "node:fs";
import { inspect } from "node:util";
import { suite as uvuSuite } from "uvu";
import { REPORT_FD, REPORT_VARIABLE, type TestReport } from "./report.ts";

type TestBody = () => void | Promise<void>;

/** A suite: call it to add a test, call `run()` last. There is no `only`, so that none can be left over. */
export interface Suite {
  (name: string, body: TestBody): void;
  /** Counts a test as skipped and prints why. */
  skip(name: string, why: string): void;
  before(hook: TestBody): void;
  after(hook: TestBody): void;
  beforeEach(hook: TestBody): void;
  afterEach(hook: TestBody): void;
  run(): void;
}

const leakGraceMs = 5_000;
const counts = { registered: 0, passed: 0, failed: 0, skipped: 0 };
const troubles: string[] = [];
const suitesNotRun = new Set<{ readonly name: string }>();
let suitesUnfinished = 0;

// A child process that imports this file too must not report in its parent's place.
const reportsToRunner = process.env[REPORT_VARIABLE] === String(REPORT_FD);
delete process.env[REPORT_VARIABLE];

process.on("exit", (code) => {
  for (const { name } of suitesNotRun) troubles.push(`suite "${name}" was never run()`);
  if (suitesUnfinished > suitesNotRun.size) troubles.push("exited before the last suite was over");
  if (counts.registered + counts.skipped === 0) troubles.push("no tests");
  const finished = counts.passed + counts.failed;
  if (finished !== counts.registered) troubles.push(`only ${finished} of ${counts.registered} tests finished`);
  const report: TestReport = { ...counts, troubles };
  if (code === 0 && (counts.failed > 0 || troubles.length > 0)) process.exitCode = 1;
  if (reportsToRunner) writeSync(REPORT_FD, JSON.stringify(report));
  else for (const trouble of troubles) process.stderr.write(`FAIL: ${trouble}\n`);
});

/** Makes a suite named `name`; each of its tests and hooks fails after `deadlineMs` of real time. */
export function suite(name: string, deadlineMs = 30_000): Suite {
  const inner = uvuSuite(name);
  const key = { name };
  suitesNotRun.add(key);
  suitesUnfinished += 1;

  const add = (title: string, body: TestBody): void => {
    counts.registered += 1;
    inner(title, async () => {
      try {
        await withDeadline(body, deadlineMs, `${name}: ${title}`);
        counts.passed += 1;
      } catch (error) {
        counts.failed += 1;
        throw showable(error);
      }
    });
  };

  // uvu loses what a hook throws, or dies of it without a word about the suite; so it never sees it.
  const guard = (kind: string, hook: TestBody) => async (): Promise<void> => {
    try {
      await withDeadline(hook, deadlineMs, `${kind} hook of ${name}`);
    } catch (error) {
      troubles.push(`${kind} hook of suite "${name}" failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  };

  return Object.assign(add, {
    skip(title: string, why: string): void {
      counts.skipped += 1;
      process.stdout.write(`skipped: ${name}: ${title} (${why})\n`);
    },
    before: (hook: TestBody): void => inner.before(guard("before", hook)),
    after: (hook: TestBody): void => inner.after(guard("after", hook)),
    beforeEach: (hook: TestBody): void => inner.before.each(guard("beforeEach", hook)),
    afterEach: (hook: TestBody): void => inner.after.each(guard("afterEach", hook)),
    run(): void {
      if (!suitesNotRun.delete(key)) throw new Error(`Suite "${name}" was run twice`);
      inner.after(suiteFinished);
      inner.run();
    },
  });
}

/** uvu takes `details` of an error for a text to print, and dies of ours, which are an object. */
function showable(error: unknown): unknown {
  const { details } = (error ?? {}) as { details?: unknown };
  if (!(error instanceof Error) || typeof details !== "object") return error;
  const shown = new Error(`${error.message} ${inspect(details)}`, { cause: error });
  if (error.stack !== undefined) shown.stack = error.stack;
  return shown;
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

/** Starts the wait for the process to end by itself; it only fires when something still holds the loop. */
function suiteFinished(): void {
  suitesUnfinished -= 1;
  if (suitesUnfinished > 0) return;
  setTimeout(() => {
    const held = process.getActiveResourcesInfo().join(", ") || "unknown";
    troubles.push(`still alive ${leakGraceMs} ms after the last test, held by: ${held}`);
    process.exit(1);
  }, leakGraceMs).unref();
}
