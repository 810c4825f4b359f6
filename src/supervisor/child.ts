/** The words in which one child process is kept alive: its states, what happens to it, and what is to be done. */

import type { ExitInfo } from "./child-policy.ts";

/** Where a child is. `goal`: what follows when the process that is being ended has exited. */
export type ChildState =
  /** Nothing was asked yet. */
  | { readonly kind: "idle" }
  /** The current process was started and has not said that it is ready. */
  | { readonly kind: "starting" }
  | { readonly kind: "ready" }
  /** The current process is ready, the next one was started and is not. */
  | { readonly kind: "reloading" }
  | { readonly kind: "stopping"; readonly goal: "stop" | "start" | "judge" }
  /** There is no process; one is started when the wait is over. */
  | { readonly kind: "backoff" }
  /** There is no process and there will be none, as it failed too often or must not be started again. */
  | { readonly kind: "failed" }
  /** There is no process, as was asked for, or as it ended well. */
  | { readonly kind: "stopped" };

/** What happens to a child. */
export type ChildEvent =
  | { readonly kind: "startAsked" }
  /** End it; its process has its time to end by itself. */
  | { readonly kind: "stopAsked" }
  /** End it at once. */
  | { readonly kind: "forceAsked" }
  /** Replace the process without a moment in which none is ready. */
  | { readonly kind: "reloadAsked" }
  /** End the process, then start another. */
  | { readonly kind: "restartAsked" }
  | { readonly kind: "memoryHigh"; readonly bytes: number }
  /** Of the current process. */
  | { readonly kind: "ready" }
  | { readonly kind: "exited"; readonly exit: ExitInfo }
  /** Of the next process. */
  | { readonly kind: "nextReady" }
  | { readonly kind: "nextExited"; readonly exit: ExitInfo }
  /** The timers, of which one at most is armed. */
  | { readonly kind: "readyTimeout" }
  | { readonly kind: "stopTimeout" }
  | { readonly kind: "restartDue" };

/** The timers of a child. */
export type ChildTimer = "readyTimeout" | "stopTimeout" | "restartDue";

/** What somebody should know. */
export type ChildReport =
  | { readonly what: "ready" }
  | { readonly what: "exited"; readonly exit: ExitInfo }
  | { readonly what: "restarting"; readonly delayMs: number; readonly failures: number }
  | { readonly what: "not-ready"; readonly timeoutMs: number }
  | { readonly what: "memory-high"; readonly bytes: number }
  | { readonly what: "reloaded" }
  | { readonly what: "reload-failed"; readonly reason: ReloadFailure }
  /** The process did not end within its time and is killed. */
  | { readonly what: "killed" }
  | { readonly what: "failed"; readonly reason: "too-often" | "not-to-be-restarted" }
  | { readonly what: "stopped" };

/** Why the next process did not take the place. */
export type ReloadFailure =
  | { readonly kind: "exited"; readonly exit: ExitInfo }
  | { readonly kind: "not-ready"; readonly timeoutMs: number }
  /** There is nothing to reload: the child is over, or about to be. */
  | { readonly kind: "not-running" };

/** What is to be done. */
export type ChildAction =
  | { readonly do: "spawn"; readonly role: "current" | "next" }
  /** Of the current process: asks it to end, or ends it with all it has started. */
  | { readonly do: "signal"; readonly how: "term" | "kill" }
  /** Takes the next process as the current one; the former current one, if there is one, drains and ends. */
  | { readonly do: "promote" }
  /** The next process is not wanted any more and ends. */
  | { readonly do: "discard" }
  /** Ends those at once that have left the place and not ended. */
  | { readonly do: "killRetired" }
  /** Arms the one timer, in the place of what was armed. */
  | { readonly do: "arm"; readonly timer: ChildTimer; readonly delayMs: number }
  | { readonly do: "disarm" }
  | { readonly do: "report"; readonly report: ChildReport };

/** A child as of now; a value. */
export interface Child {
  readonly state: ChildState;
  /** When the restarts within the policy's window were, on the monotonic clock. */
  readonly restartsAtMs: readonly number[];
  /** Failures in a row, none of which was after a stable life. */
  readonly failures: number;
  /** Since when the current process has been ready; undefined when it is not. */
  readonly readyAtMs: number | undefined;
}

/** What follows from an event. */
export interface ChildStep {
  readonly child: Child;
  readonly actions: readonly ChildAction[];
}

/** A child of which nothing was asked yet. */
export const newChild: Child = { state: { kind: "idle" }, restartsAtMs: [], failures: 0, readyAtMs: undefined };
