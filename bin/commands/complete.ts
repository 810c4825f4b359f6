/**
 * `kron __complete`: what a shell offers where an id or a zone is typed. A key was pressed for it, so it is quick or
 * gives nothing: a runtime is asked first, files are read unless they are large, and whatever goes wrong is no answer.
 */

import { statSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Tuple } from "../../src/runtime/service/wire-views.ts";
import type { CommandContext } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { connectLive, hasEndpoint, type Live } from "./live.ts";

/** Options of `kron __complete`. */
export interface CompleteOptions {
  readonly timer?: string;
}

/** A word that may be meant, and what there is to know of it. */
type Offer = readonly [word: string, description: string];

const offersMax = 200;
/** An answer that takes longer is none. */
const answerMsMax = 2_000;
/** A snapshot that is larger, of some 200,000 timers, takes too long to be read. */
const snapshotBytesMax = 32 * 1024 * 1024;
const readMsMax = 1_000;

/** Prints what begins with `prefix`, a line each, with a description behind a tab. */
export async function complete(
  context: CommandContext,
  kind: string,
  prefix: string,
  { timer }: CompleteOptions,
): Promise<ExitCodeValue> {
  try {
    const late = new AbortController();
    const offers = await Promise.race([
      offersOf(context, kind, prefix, timer ?? ""),
      wait(answerMsMax, [] as Offer[], { signal: late.signal, ref: false }),
    ]);
    late.abort();
    const matching = offers.filter(([word]) => word.startsWith(prefix)).slice(0, offersMax);
    for (const [word, description] of matching) context.output.line(`${word}\t${description}`);
    context.output.flush();
  } catch {
    // Whoever types has no use for the reason.
  }
  // What is still under way is not waited for.
  process.exit(ExitCode.OK);
}

async function offersOf(
  context: CommandContext,
  kind: string,
  prefix: string,
  timerId: string,
): Promise<readonly Offer[]> {
  switch (kind) {
    case "timers":
      return (await askQuietly(context, (live) => liveTimers(live, prefix))) ?? (await filedTimers(context));
    case "runs":
      return (await askQuietly(context, liveRuns)) ?? (await filedRuns(context));
    case "logs": {
      const { listRunLogs } = await import("../../src/logs/run-log-reader.ts");
      return listRunLogs(context.dataDir, timerId).map(({ runId, modifiedMs }) => [
        runId,
        new Date(modifiedMs).toISOString(),
      ]);
    }
    case "zones":
      return ["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => [zone, ""]);
    default:
      return [];
  }
}

/** Undefined when there is no runtime, or none that answers. */
async function askQuietly<T>(context: CommandContext, ask: (live: Live) => Promise<T>): Promise<T | undefined> {
  if (!hasEndpoint(context.dataDir)) return undefined;
  try {
    return await ask(await connectLive(context));
  } catch {
    // The files are asked next.
    return undefined;
  }
}

async function liveTimers({ client }: Live, prefix: string): Promise<Offer[]> {
  const { unpackTimer } = await import("../../src/runtime/service/wire-views.ts");
  // In the list by id, those that begin with the prefix follow the place where it would stand itself.
  const anchor = prefix === "" ? null : [0, prefix];
  const answer = (await client.call("timer.window", { sort: "id", anchor, limit: offersMax })) as {
    readonly rows: readonly Tuple[];
  };
  return answer.rows.map((tuple) => {
    const { timer } = unpackTimer(tuple);
    return [timer.id, timer.state];
  });
}

async function liveRuns({ client }: Live): Promise<Offer[]> {
  const { unpackRun } = await import("../../src/runtime/service/wire-views.ts");
  for await (const page of client.stream("run.list", null, { window: 1 })) {
    return (page as { readonly runs: readonly Tuple[] }).runs.map(unpackRun).map(runOffer);
  }
  return [];
}

async function filedTimers(context: CommandContext): Promise<Offer[]> {
  const { state } = await readQuickly(context);
  const { stateOf } = await import("../../src/supervisor/views.ts");
  const offers: Offer[] = [];
  for (let slot = 0; slot < state.timers.slotCount; slot++) {
    const id = state.timers.idOf(slot);
    if (id !== undefined) offers.push([id, stateOf(state, slot, false)]);
  }
  return offers.sort(([one], [other]) => (one < other ? -1 : 1));
}

async function filedRuns(context: CommandContext): Promise<Offer[]> {
  const { state } = await readQuickly(context);
  const { viewRun } = await import("../../src/runtime/service/run-view.ts");
  return Array.from(state.runs.values(), (run) => runOffer(viewRun(state, run)));
}

function runOffer({ runId, timerId, state }: { readonly runId: string; timerId: string; state: string }): Offer {
  return [runId, `${state}, of ${timerId}`];
}

async function readQuickly({ dataDir }: CommandContext) {
  const { readDirectory } = await import("./read-directory.ts");
  const { nodeDisk } = await import("../../src/journal/node-disk.ts");
  const { systemClock } = await import("../../src/system.ts");
  const { snapshotPath, storeKinds } = await import("../../src/snapshot/choose-snapshot.ts");
  for (const kind of storeKinds) {
    const bytes = statSync(snapshotPath(dataDir, kind), { throwIfNoEntry: false })?.size ?? 0;
    if (bytes > snapshotBytesMax) throw new Error("It would take too long");
  }
  const clock = systemClock();
  const endMs = clock.monotonicMs() + readMsMax;
  const requireTime = (): void => {
    if (clock.monotonicMs() > endMs) throw new Error("It takes too long");
  };
  const directory = await readDirectory(dataDir, nodeDisk, clock, { begin: () => requireTime });
  await directory.snapshot.file?.store.close();
  return directory;
}
