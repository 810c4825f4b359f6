/**
 * What keeps one child process alive: a table of states × events with every cell filled, as pure values.
 *
 * A child is a place that a process fills: an instance of the app, or a host of a pool. At most two processes are in
 * it: the current one, and during a reload the next one, which takes the place when it is ready. `stepChild` says
 * what follows from an event, as actions; whoever carries them out (`child-driver.ts`) says what came of them, as
 * events. A process that has left its place (`retire`) is no longer the table's business.
 *
 * ```
 *            startAsked            ready             reloadAsked, memoryHigh
 *   idle ───────────────▶ starting ─────▶ ready ────────────────────────────▶ reloading
 *                          ▲  │             │ ◀─────────────────────────────────┘
 *               restartDue │  │ exited      │ exited         nextReady, nextExited, readyTimeout
 *                          │  ▼             ▼
 *                         backoff ◀──── by policy ────▶ stopped, failed
 * ```
 *
 * `stopping` stands between each of the living states and what comes next, until the process has exited.
 */

import type { Child, ChildAction, ChildEvent, ChildReport, ChildState, ChildStep, ReloadFailure } from "./child.ts";
import { type ChildPolicy, type ExitInfo, noteRestart, restartVerdict } from "./child-policy.ts";

/** What follows from `event` at `nowMs` on the monotonic clock. */
export function stepChild(child: Child, event: ChildEvent, policy: ChildPolicy, nowMs: number): ChildStep {
  // The cell is of the event's kind, so it takes the event.
  const cell = table[child.state.kind][event.kind] as (scene: Scene, event: ChildEvent) => ChildStep;
  return cell({ child, policy, nowMs }, event);
}

interface Scene {
  readonly child: Child;
  readonly policy: ChildPolicy;
  readonly nowMs: number;
}

type Row = { readonly [Kind in ChildEvent["kind"]]: (scene: Scene, event: never) => ChildStep };
type Exited = Extract<ChildEvent, { readonly exit: ExitInfo }>;

const term: ChildAction = { do: "signal", how: "term" };
const kill: ChildAction = { do: "signal", how: "kill" };
const discard: ChildAction = { do: "discard" };
const killRetired: ChildAction = { do: "killRetired" };
const disarm: ChildAction = { do: "disarm" };
const refusal = report({ what: "reload-failed", reason: { kind: "not-running" } });

/** Nothing follows: it was so already, or the event is about a process that is no longer there. */
const stay = ({ child }: Scene): ChildStep => ({ child, actions: [] });
const refuse = ({ child }: Scene): ChildStep => ({ child, actions: [refusal] });
const begin = (scene: Scene): ChildStep => started(fresh(scene), [disarm]);
const end = ({ child }: Scene): ChildStep => stopped(child, [disarm]);
const endAll = ({ child }: Scene): ChildStep => stopped(child, [disarm, killRetired]);
const askToStop = (scene: Scene): ChildStep => stopping(scene, "stop", [term]);
const force = (scene: Scene): ChildStep => stopping(scene, "stop", [kill, killRetired]);
const replaceSlowly = (scene: Scene): ChildStep => stopping(scene, "start", [term]);
const judge = (scene: Scene, { exit }: Exited): ChildStep => judged(scene, exit);

/** Where there is no process and no wait, no process and no timer can have anything to say. */
const noProcess = {
  memoryHigh: stay,
  ready: stay,
  exited: stay,
  nextReady: stay,
  nextExited: stay,
  readyTimeout: stay,
  stopTimeout: stay,
  restartDue: stay,
};

const idle: Row = {
  startAsked: (scene) => started(scene, []),
  stopAsked: end,
  forceAsked: endAll,
  reloadAsked: refuse,
  restartAsked: refuse,
  ...noProcess,
};

const starting: Row = {
  startAsked: stay,
  stopAsked: askToStop,
  forceAsked: force,
  // It has begun with what was there before; what is wanted is what is there now.
  reloadAsked: replaceSlowly,
  restartAsked: replaceSlowly,
  memoryHigh: stay,
  ready: ({ child, nowMs }) => ({
    child: { ...child, state: { kind: "ready" }, readyAtMs: nowMs },
    actions: [disarm, report({ what: "ready" })],
  }),
  exited: judge,
  nextReady: stay,
  nextExited: stay,
  readyTimeout: (scene) => {
    const { readyTimeoutMs } = scene.policy;
    return stopping(scene, "judge", [report({ what: "not-ready", timeoutMs: readyTimeoutMs }), term]);
  },
  stopTimeout: stay,
  restartDue: stay,
};

const ready: Row = {
  startAsked: stay,
  stopAsked: askToStop,
  forceAsked: force,
  reloadAsked: (scene) => reloading(scene, []),
  restartAsked: replaceSlowly,
  memoryHigh: (scene, { bytes }: Extract<ChildEvent, { kind: "memoryHigh" }>) =>
    reloading(scene, [report({ what: "memory-high", bytes })]),
  ready: stay,
  exited: judge,
  nextReady: stay,
  nextExited: stay,
  readyTimeout: stay,
  stopTimeout: stay,
  restartDue: stay,
};

const reloadingRow: Row = {
  startAsked: stay,
  stopAsked: (scene) => stopping(scene, "stop", [discard, term]),
  forceAsked: (scene) => stopping(scene, "stop", [discard, kill, killRetired]),
  // What is being started is out of date already.
  reloadAsked: (scene) => reloading(scene, [discard]),
  restartAsked: (scene) => stopping(scene, "start", [discard, term]),
  memoryHigh: stay,
  ready: stay,
  // The next one has the place now, and is watched as one that starts; its timer goes on.
  exited: ({ child }, { exit }: Exited) => ({
    child: { ...child, state: { kind: "starting" }, readyAtMs: undefined },
    actions: [report({ what: "exited", exit }), { do: "promote" }],
  }),
  nextReady: ({ child, nowMs }) => ({
    child: { ...child, state: { kind: "ready" }, readyAtMs: nowMs },
    actions: [disarm, { do: "promote" }, report({ what: "reloaded" })],
  }),
  nextExited: (scene, { exit }: Exited) => reloadFailed(scene, { kind: "exited", exit }, []),
  readyTimeout: (scene) =>
    reloadFailed(scene, { kind: "not-ready", timeoutMs: scene.policy.readyTimeoutMs }, [discard]),
  stopTimeout: stay,
  restartDue: stay,
};

const stoppingRow: Row = {
  startAsked: (scene) => redirected(scene, "start"),
  stopAsked: (scene) => redirected(scene, "stop"),
  forceAsked: force,
  reloadAsked: (scene) => (isEnding(scene.child) ? refuse(scene) : redirected(scene, "start")),
  restartAsked: (scene) => (isEnding(scene.child) ? refuse(scene) : redirected(scene, "start")),
  memoryHigh: stay,
  // It was asked to end before it came so far.
  ready: stay,
  exited: ended,
  nextReady: stay,
  nextExited: stay,
  readyTimeout: stay,
  // Armed again, so that a process that even this cannot end (one that waits for a dead disk) is not forgotten.
  stopTimeout: ({ child, policy }) => ({
    child,
    actions: [report({ what: "killed" }), kill, { do: "arm", timer: "stopTimeout", delayMs: policy.stopTimeoutMs }],
  }),
  restartDue: stay,
};

const backoff: Row = {
  startAsked: begin,
  stopAsked: end,
  forceAsked: endAll,
  reloadAsked: begin,
  restartAsked: begin,
  ...noProcess,
  restartDue: (scene) => started(scene, []),
};

const failed: Row = {
  startAsked: begin,
  stopAsked: end,
  forceAsked: endAll,
  // What made it fail may be mended: that is what one reloads for.
  reloadAsked: begin,
  restartAsked: begin,
  ...noProcess,
};

const stoppedRow: Row = {
  startAsked: begin,
  stopAsked: stay,
  forceAsked: ({ child }) => ({ child, actions: [killRetired] }),
  reloadAsked: refuse,
  restartAsked: refuse,
  ...noProcess,
};

const table: { readonly [Kind in ChildState["kind"]]: Row } = {
  idle,
  starting,
  ready,
  reloading: reloadingRow,
  stopping: stoppingRow,
  backoff,
  failed,
  stopped: stoppedRow,
};

function report(told: ChildReport): ChildAction {
  return { do: "report", report: told };
}

/** With its failures forgiven, as somebody wants it to be started. */
function fresh(scene: Scene): Scene {
  return { ...scene, child: { ...scene.child, restartsAtMs: [], failures: 0 } };
}

function started({ child, policy }: Scene, before: readonly ChildAction[]): ChildStep {
  return {
    child: { ...child, state: { kind: "starting" }, readyAtMs: undefined },
    actions: [...before, { do: "spawn", role: "current" }, armReady(policy)],
  };
}

function reloading({ child, policy }: Scene, before: readonly ChildAction[]): ChildStep {
  return {
    child: { ...child, state: { kind: "reloading" } },
    actions: [...before, { do: "spawn", role: "next" }, armReady(policy)],
  };
}

function armReady(policy: ChildPolicy): ChildAction {
  return { do: "arm", timer: "readyTimeout", delayMs: policy.readyTimeoutMs };
}

function reloadFailed({ child }: Scene, reason: ReloadFailure, before: readonly ChildAction[]): ChildStep {
  return {
    child: { ...child, state: { kind: "ready" } },
    actions: [disarm, ...before, report({ what: "reload-failed", reason })],
  };
}

function stopping({ child, policy }: Scene, goal: "stop" | "start" | "judge", how: readonly ChildAction[]): ChildStep {
  return {
    child: { ...child, state: { kind: "stopping", goal }, readyAtMs: undefined },
    actions: [...how, { do: "arm", timer: "stopTimeout", delayMs: policy.stopTimeoutMs }],
  };
}

function redirected({ child }: Scene, goal: "stop" | "start"): ChildStep {
  return { child: { ...child, state: { kind: "stopping", goal } }, actions: [] };
}

function isEnding({ state }: Child): boolean {
  return state.kind === "stopping" && state.goal === "stop";
}

function stopped(child: Child, before: readonly ChildAction[]): ChildStep {
  return {
    child: { ...child, state: { kind: "stopped" }, readyAtMs: undefined },
    actions: [...before, report({ what: "stopped" })],
  };
}

function ended(scene: Scene, { exit }: Exited): ChildStep {
  const { state } = scene.child;
  const told = report({ what: "exited", exit });
  if (state.kind !== "stopping" || state.goal === "stop") return stopped(scene.child, [disarm, told]);
  if (state.goal === "start") return started(scene, [disarm, told]);
  // It was ended because it failed; what it says as it ends does not make that good.
  return judged(scene, { ...exit, isFailure: true });
}

/** The current process ended by itself: by the policy it is started again, at once or later, or not. */
function judged({ child, policy, nowMs }: Scene, exit: ExitInfo): ChildStep {
  const told = [disarm, report({ what: "exited", exit })];
  const verdict = restartVerdict(child, exit, policy, nowMs);
  switch (verdict.kind) {
    case "stop":
      return stopped(child, told);
    case "fail":
      return {
        child: { ...child, state: { kind: "failed" }, readyAtMs: undefined },
        actions: [...told, report({ what: "failed", reason: verdict.reason })],
      };
    default: {
      const { delayMs, failures } = verdict;
      return {
        child: { ...noteRestart(child, policy, nowMs), failures, state: { kind: "backoff" }, readyAtMs: undefined },
        actions: [
          ...told,
          report({ what: "restarting", delayMs, failures }),
          { do: "arm", timer: "restartDue", delayMs },
        ],
      };
    }
  }
}
