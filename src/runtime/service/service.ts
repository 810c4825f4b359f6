/** All that a runtime does for clients on its socket; docs/cli.md has the commands that make use of it. */

import type { IpcMethod } from "../../ipc/methods.ts";
import { eventsMethod } from "./event-feed.ts";
import { timerHistoryMethod } from "./history-pages.ts";
import { runLogMethod } from "./run-log.ts";
import { runMethods } from "./run-methods.ts";
import { runtimeMethods } from "./runtime-methods.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { statsMethod } from "./stats-feed.ts";
import { timerListMethod } from "./timer-list.ts";
import { timerMethods } from "./timer-methods.ts";
import { timerStripsMethod } from "./timer-strips.ts";
import { timerTimelineMethod } from "./timer-timeline.ts";
import { timerWindowMethod } from "./timer-window.ts";

/** The methods of `runtime` by name; others may be added to the map. */
export function serviceMethods(runtime: ServedRuntime): Map<string, IpcMethod> {
  return new Map<string, IpcMethod>([
    ...runtimeMethods(runtime),
    ...timerMethods(runtime),
    ["timer.list", timerListMethod(runtime)],
    ["timer.history", timerHistoryMethod(runtime)],
    ["timer.window", timerWindowMethod(runtime)],
    ["timer.strips", timerStripsMethod(runtime)],
    ["timer.timeline", timerTimelineMethod(runtime)],
    ["stats", statsMethod(runtime)],
    ...runMethods(runtime),
    ["run.log", runLogMethod(runtime)],
    ["events", eventsMethod(runtime)],
  ]);
}
