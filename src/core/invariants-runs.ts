/** The invariants of live runs; see `invariants.ts`. */

import { failuresMax, firstFailuresKept, type Run } from "./run.ts";
import type { State } from "./state.ts";

/** Live runs of one timer, counted. */
export interface RunTally {
  live: number;
  running: number;
  waiting: number;
  /** Running attempts that began after the timer was defined last, and so under its present rules. */
  runningByRule: number;
}

/** Checks every live run, adds what is wrong to `problems`, and gives the counts by timer slot. */
export function checkRuns(state: State, problems: string[]): ReadonlyMap<number, RunTally> {
  const tallies = new Map<number, RunTally>();
  const tokens = new Set<number>();
  let running = 0;
  for (const run of state.runs.values()) {
    if (state.runs.get(run.id) !== run) problems.push(`run ${run.id} is held under another id`);
    if (state.timers.resolve(run.timer) !== run.slot) {
      problems.push(`run ${run.id} belongs to no timer`);
      continue;
    }
    checkNumbers(state, run, problems);
    checkAttempts(state, run, problems);
    if (run.token !== 0 && tokens.has(run.token)) problems.push(`run ${run.id} shares its fencing token`);
    tokens.add(run.token);
    count(state, tallies, run);
    if (run.state === "running") running += 1;
  }
  if (running !== state.runningCount) problems.push(`${state.runningCount} attempts are counted, ${running} run`);
  for (const [slot, tally] of tallies) checkOverlap(state, slot, tally, problems);
  return tallies;
}

function checkNumbers(state: State, run: Run, problems: string[]): void {
  const { id, token } = run;
  if (!Number.isInteger(id) || id < 1 || id > state.recordCount) problems.push(`run ${id} was made by no record`);
  if (token > state.recordCount) problems.push(`the token of run ${id} was made by no record`);
  if (run.attempt > 0 && token < id) problems.push(`the token of run ${id} is older than the run`);
}

/** State, attempt number, token, retry time and failures tell the same story. */
function checkAttempts(state: State, run: Run, problems: string[]): void {
  const failed = run.failures?.length ?? 0;
  const failedInAll = Math.max(0, run.state === "running" ? run.attempt - 1 : run.attempt);
  const isRemembered = failed === Math.min(failedInAll, failuresMax);
  const hasToken = run.token !== 0 && run.startedAtMs >= 0;
  switch (run.state) {
    case "waiting":
      if (run.attempt !== 0 || failed !== 0 || run.token !== 0 || run.retryAtMs !== 0) {
        problems.push(`run ${run.id} waits and has begun`);
      }
      break;
    case "running":
      if (run.attempt < 1 || !isRemembered || !hasToken || run.retryAtMs !== 0) {
        problems.push(`run ${run.id} runs and has not begun`);
      }
      break;
    case "retrying":
      if (run.attempt < 1 || !isRemembered || !hasToken || run.retryAtMs === 0) {
        problems.push(`run ${run.id} waits for a retry and has not failed`);
      }
      break;
    default:
      problems.push(`run ${run.id} is ${run.state} and still held`);
  }
  run.failures?.forEach((failure, index) => {
    const isEarly = failedInAll <= failuresMax || index < firstFailuresKept;
    const expected = isEarly ? index + 1 : failedInAll - failuresMax + index + 1;
    if (failure.attempt !== expected) problems.push(`run ${run.id} failed out of order`);
  });
  const { timers, definitions } = state;
  const number = timers.definition.get(run.slot);
  // A run made under an earlier definition may have been promised more attempts.
  if (definitions.usersOf(number) === 0 || timers.revision.get(run.slot) > run.id) return;
  const { maxAttempts } = definitions.get(number).retry;
  const promised = run.state === "retrying" ? run.attempt + 1 : run.attempt;
  if (promised > maxAttempts) problems.push(`run ${run.id} has attempt ${promised} of ${maxAttempts}`);
}

function count(state: State, tallies: Map<number, RunTally>, run: Run): void {
  const tally = tallies.get(run.slot) ?? { live: 0, running: 0, waiting: 0, runningByRule: 0 };
  tallies.set(run.slot, tally);
  tally.live += 1;
  if (run.state === "waiting") tally.waiting += 1;
  if (run.state !== "running") return;
  tally.running += 1;
  if (run.token > state.timers.revision.get(run.slot)) tally.runningByRule += 1;
}

/** An attempt that began under the present rules began within their limit, whatever was under way before them. */
function checkOverlap(state: State, slot: number, tally: RunTally, problems: string[]): void {
  const { timers, definitions } = state;
  const number = timers.definition.get(slot);
  if (definitions.usersOf(number) === 0 || tally.runningByRule === 0) return;
  const { overlap, concurrency } = definitions.get(number);
  const runningMax = overlap === "allow" ? concurrency : 1;
  if (runningMax > 0 && tally.running > runningMax) {
    problems.push(`timer "${timers.idOf(slot)}" has ${tally.running} attempts under way, at most ${runningMax}`);
  }
}
