/**
 * `kron job add <timer>`: creates a timer or changes it. The runtime does it where one is at work; else the directory is
 * locked and changed as `kron import` does, and the timer begins with the next start of a runtime.
 */

import { Status } from "../../src/core/outcome.ts";
import { isEqualPayload } from "../../src/core/payload-equal.ts";
import type { LogRecord } from "../../src/core/record.ts";
import { Zones } from "../../src/core/zone.ts";
import type { Registration, ScheduleResult } from "../../src/supervisor/commands.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { readRegistration } from "../../src/supervisor/registration.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { displayZone } from "../display-zone.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { timeInText } from "../times.ts";
import { type AddOptions, addedOptions } from "./add-options.ts";
import { ChangeableDirectory } from "./changeable-directory.ts";
import type { ImportedTimer } from "./import-parse.ts";
import { isTaken, type PlanContext, planCreation, planReplacement } from "./import-plan.ts";
import { askLive } from "./live.ts";
import { SlotForecast } from "./slot-forecast.ts";

/** What was done, by whom, and when the timer is due first. */
interface Added {
  readonly action: ScheduleResult["action"];
  readonly via: "socket" | "files";
  readonly nextRunAtMs: number | undefined;
}

/** Adds the timer. Rejects with what is wrong with its options, and as the start of a runtime does. */
export async function jobAdd(
  context: CommandContext,
  id: string,
  words: readonly string[],
  options: AddOptions,
): Promise<ExitCodeValue> {
  const given = addedOptions(options, words);
  const clock = systemClock();
  const zones = new Zones(intlOffsetSource());
  const recurrences = new Recurrences(zones);
  // Judged here first, so that whatever is wrong is told alike with and without a runtime.
  const registration = readRegistration(id, given, recurrences, clock.nowMs());
  const added =
    (await askLive(context, async ({ client }): Promise<Added> => {
      const { action } = (await client.call("timer.schedule", { id, options: given })) as ScheduleResult;
      const [nextRunAtMs] = (await client.call("timer.next", { id, count: 1 })) as number[];
      return { action, via: "socket", nextRunAtMs };
    })) ?? (await addToFiles(context, registration, recurrences));
  const { output, dataDir } = context;
  if (output.options.isJson) {
    const { action, via, nextRunAtMs } = added;
    output.json({ version: jsonVersion, command: "job add", dataDir, timerId: id, action, via, nextRunAtMs });
    return ExitCode.OK;
  }
  const next = added.nextRunAtMs;
  const due = next === undefined ? "" : `, due ${timeInText(next, displayZone(context, zones), context.nowMs)}`;
  output.line(`${printable(id)}: ${added.action}${due}`);
  if (added.via === "files") output.message("note: no runtime is at work here; it begins with the next start of one");
  return ExitCode.OK;
}

async function addToFiles(
  context: CommandContext,
  registration: Registration,
  recurrences: Recurrences,
): Promise<Added> {
  const directory = await ChangeableDirectory.open(
    context.dataDir,
    ({ kind }) => context.output.message(`note: ${kind}`),
    context.progress,
  );
  try {
    const { state } = directory;
    const plan = planOf({ state, recurrences, atMs: systemClock().nowMs(), asOfMs: undefined }, registration);
    if (plan.records.length > 0) await write(directory, plan.atMs, plan.records);
    const slot = state.timers.slotOf(registration.id);
    const nextAtMs = slot === undefined ? 0 : state.timers.nextAtMs.get(slot);
    return { action: plan.action, via: "files", nextRunAtMs: nextAtMs === 0 ? undefined : nextAtMs };
  } finally {
    await directory.close();
  }
}

interface AddPlan {
  readonly action: Added["action"];
  readonly atMs: number;
  readonly records: readonly LogRecord[];
}

/** The same as the runtime's `schedule`: a timer that is there with this definition is left as it is. */
function planOf(context: PlanContext, registration: Registration): AddPlan {
  const { state, atMs } = context;
  const { timers } = state;
  const { id, definition, key, payload, payloadBytes } = registration;
  const anchorMs = registration.atMs ?? (definition.schedule.kind === "after" ? registration.askedAtMs : undefined);
  const timer: ImportedTimer = {
    ...{ id, definition, key, anchorMs, nextAtMs: undefined, isPaused: false, payload, payloadBytes },
  };
  const slot = timers.slotOf(id);
  if (slot === undefined || !isTaken(state, id)) {
    const reference = slot === undefined ? new SlotForecast(timers).takeReference() : timers.reference(slot);
    return { action: "created", atMs, records: planCreation(context, timer, reference).records };
  }
  const isSameInstant = registration.atMs === undefined || registration.atMs === timers.anchorMs.get(slot);
  const isSame = state.definitions.keyOf(timers.definition.get(slot)) === key && isSameInstant;
  if (isSame && isEqualPayload(timers.payload(slot), payload)) return { action: "unchanged", atMs, records: [] };
  const isPaused = timers.status.get(slot) === Status.PAUSED;
  const plan = planReplacement(context, { ...timer, isPaused }, slot);
  if (plan !== undefined) return { action: "updated", atMs, records: plan.records };
  throw new CommandError(
    ExitCode.FAILURE,
    `Expected timer "${printable(id)}" to have another due time, its only one has had its turn`,
    "Give it a later instant, or choose another id",
  );
}

async function write(directory: ChangeableDirectory, atMs: number, records: readonly LogRecord[]): Promise<void> {
  for (const outcome of await directory.write([atMs, ...records])) {
    if (outcome.kind !== "refused") continue;
    throw new CommandError(ExitCode.FAILURE, `Expected the timer to be taken, it was refused: ${outcome.reason}`);
  }
}
