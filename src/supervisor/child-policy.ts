/** When a child that ended is started again, how soon, and when it is given up. Pure arithmetic over monotonic time. */

import type { Child } from "./child.ts";

/** How a process ended. */
export interface ExitInfo {
  /** Undefined when it was ended by a signal or never started. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** Why it could not be started. */
  readonly error?: Error;
  /** Anything but an exit with code 0. */
  readonly isFailure: boolean;
}

/** Every answer to which ends of a process are followed by a start. */
export const restartPolicies: readonly ChildPolicy["restart"][] = ["always", "on-failure", "never"];

/** How a child is kept. Times in milliseconds. */
export interface ChildPolicy {
  /** After which ends it is started again. */
  readonly restart: "always" | "on-failure" | "never";
  /** How long a process has until it is ready, and until it has ended when it is asked to. */
  readonly readyTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /**
   * The first restart is at once, the second after `backoffBaseMs`, then each after twice the wait before, up to
   * `backoffCapMs`; a process that was ready for `stableMs` makes it the first again.
   */
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  readonly stableMs: number;
  /** More restarts than these within `windowMs`, and it is given up. */
  readonly restartsMax: number;
  readonly windowMs: number;
}

/** What a child is kept by unless somebody says otherwise. */
export const defaultChildPolicy: ChildPolicy = {
  restart: "on-failure",
  readyTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
  backoffBaseMs: 1_000,
  backoffCapMs: 60_000,
  stableMs: 10_000,
  restartsMax: 10,
  windowMs: 300_000,
};

/** What becomes of a child whose process has ended. */
export type RestartVerdict =
  | { readonly kind: "stop" }
  | { readonly kind: "fail"; readonly reason: "too-often" | "not-to-be-restarted" }
  | { readonly kind: "restart"; readonly delayMs: number; readonly failures: number };

/** Judges an end that nobody asked for, at `nowMs`. */
export function restartVerdict(child: Child, exit: ExitInfo, policy: ChildPolicy, nowMs: number): RestartVerdict {
  if (policy.restart !== "always" && !exit.isFailure) return { kind: "stop" };
  if (policy.restart === "never") return { kind: "fail", reason: "not-to-be-restarted" };
  if (recentRestarts(child, policy, nowMs).length >= policy.restartsMax) return { kind: "fail", reason: "too-often" };
  const wasStable = child.readyAtMs !== undefined && nowMs - child.readyAtMs >= policy.stableMs;
  const failures = wasStable ? 1 : child.failures + 1;
  return { kind: "restart", delayMs: backoffMs(failures, policy), failures };
}

/** The child with a restart at `nowMs` counted. */
export function noteRestart(child: Child, policy: ChildPolicy, nowMs: number): Child {
  return { ...child, restartsAtMs: [...recentRestarts(child, policy, nowMs), nowMs] };
}

/** The wait before the restart after the `failures`-th failure in a row. */
export function backoffMs(failures: number, { backoffBaseMs, backoffCapMs }: ChildPolicy): number {
  if (failures <= 1) return 0;
  // The doubling stops where numbers would grow beyond measure.
  return Math.min(backoffCapMs, backoffBaseMs * 2 ** Math.min(failures - 2, 30));
}

function recentRestarts({ restartsAtMs }: Child, { windowMs }: ChildPolicy, nowMs: number): readonly number[] {
  return restartsAtMs.filter((atMs) => nowMs - atMs < windowMs);
}
