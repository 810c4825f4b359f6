/** How a test process tells the runner what it did: JSON of one `TestReport`, written as it exits. */

/** The file descriptor on which a test process reports to `run.ts`; set apart from all that tests print. */
export const REPORT_FD = 3;

/** The environment variable by which `run.ts` asks for a report on `REPORT_FD`. */
export const REPORT_VARIABLE = "KRON_TEST_REPORT";

/** What one test file did. `troubles` are failures that no single test can be blamed for. */
export interface TestReport {
  readonly registered: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly troubles: readonly string[];
}
