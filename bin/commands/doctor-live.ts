/** What the runtime itself says when `kron doctor` asks it, beside what its files say. */

import { isKronError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/system.ts";
import type { CommandContext } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { tookText } from "../times.ts";
import type { Report } from "./doctor-report.ts";
import { hasEndpoint, type Live, withLive } from "./live.ts";
import type { RuntimePresence } from "./runtime-presence.ts";

/** The answer of the runtime, or why there was none. */
export type OwnView =
  | { readonly isReachable: true; readonly answeredInMs: number; readonly status: Live["status"] }
  | { readonly isReachable: false; readonly why: string };

/** Asks the runtime how it is; undefined when it has no socket, or was not to be asked. */
export async function askRuntime(context: CommandContext): Promise<OwnView | undefined> {
  if (context.isOffline || !hasEndpoint(context.dataDir)) return undefined;
  const clock = systemClock();
  try {
    return await withLive(context, async ({ client, status }) => {
      const beganMs = clock.monotonicMs();
      await client.call("runtime.status");
      return { isReachable: true, answeredInMs: clock.monotonicMs() - beganMs, status } as const;
    });
  } catch (error) {
    if (!isKronError(error) && !(error instanceof CommandError)) throw error;
    return { isReachable: false, why: error.message };
  }
}

/** A runtime that is there and says nothing may hang; nobody can tell from its files. */
export function reportSilence(own: OwnView | undefined, runtime: RuntimePresence, report: Report): void {
  if (own === undefined || own.isReachable || runtime.state !== "running") return;
  report.note("runtime-silent", `The runtime of process ${runtime.pid} cannot be asked: ${own.why}`);
}

/** In one line. */
export function ownViewText(own: OwnView | undefined): string | undefined {
  if (own === undefined) return undefined;
  if (!own.isReachable) return `no: ${printable(own.why)}`;
  const { state, running, concurrency, waiting, due } = own.status;
  const runs = `${running} of at most ${concurrency} runs under way, ${waiting} waiting, ${due} timers due`;
  return `in ${tookText(own.answeredInMs)}: ${state}, ${runs}`;
}

/** As JSON; null when nobody was asked. */
export function ownViewJson(own: OwnView | undefined): object | null {
  if (own === undefined) return null;
  if (!own.isReachable) return { reachable: false, why: own.why };
  const { state, mode, version, timers, running, concurrency, waiting, due, isWritable, lastIndex } = own.status;
  return {
    ...{ reachable: true, answeredInMs: own.answeredInMs, state, mode, version },
    ...{ timers, running, concurrency, waiting, due, isWritable, lastIndex },
  };
}
