/** `kron import [file]`: creates the timers of an export, durably, without starting them. */

import type { Outcome } from "../../src/core/applied.ts";
import type { Entry, LogRecord } from "../../src/core/record.ts";
import type { State } from "../../src/core/state.ts";
import { Zones } from "../../src/core/zone.ts";
import type { Progress } from "../../src/ports.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { counted, printable, shortened } from "../printable.ts";
import { ChangeableDirectory } from "./changeable-directory.ts";
import { linesOf } from "./import-lines.ts";
import { type ImportedTimer, ImportReader } from "./import-parse.ts";
import { isTaken, type PlanContext, planCreation, planReplacement, type TimerPlan } from "./import-plan.ts";
import { readPresent } from "./offline-desk.ts";
import { SlotForecast } from "./slot-forecast.ts";

/** Options of `kron import`. */
export interface ImportOptions {
  readonly onConflict?: OnConflict;
  readonly dryRun?: boolean;
}

type OnConflict = "fail" | "skip" | "replace";

/** What an import did, or would do. */
interface Tally {
  created: number;
  replaced: number;
  skipped: number;
  /** Due times that this machine's time zone rules have elsewhere. */
  moved: number;
}

/** What is to be done with the timers of an import. */
interface Sorted {
  readonly fresh: readonly ImportedTimer[];
  readonly taken: readonly ImportedTimer[];
}

const conflictsShown = 20;
const recordsPerEntryMax = 4_096;
const entryBytesMax = 1024 * 1024;
const recordBytes = 256;

/** Imports, or says what an import would do. */
export async function importLines(
  context: CommandContext,
  file: string | undefined,
  options: ImportOptions,
): Promise<ExitCodeValue> {
  const { onConflict = "fail" } = options;
  const recurrences = new Recurrences(new Zones(intlOffsetSource()));
  const reader = new ImportReader(recurrences);
  for await (const line of linesOf(file ?? "-", context.progress)) reader.take(line);
  reader.finish();
  if (reader.problemCount > 0) return reportProblems(context, reader);
  const tally: Tally = { created: 0, replaced: 0, skipped: 0, moved: 0 };
  if (options.dryRun === true) {
    count(sort(await readPresent(context), reader.timers, onConflict), onConflict, tally);
  } else {
    const directory = await ChangeableDirectory.open(
      context.dataDir,
      ({ kind }) => context.output.message(`note: ${kind}`),
      context.progress,
    );
    try {
      const sorted = sort(directory.state, reader.timers, onConflict);
      context.progress.begin("writing timers", "timers", sorted.fresh.length + sorted.taken.length);
      await new Import(directory, recurrences, reader.asOfMs, tally, context.progress).run(sorted, onConflict);
    } catch (error) {
      const done = tally.created + tally.replaced;
      if (done > 0)
        context.output.message(
          `note: up to ${counted(done, "timer")} were imported before this; import again to go on`,
        );
      throw error;
    } finally {
      await directory.close();
    }
  }
  report(context, reader, tally, options.dryRun === true);
  return ExitCode.OK;
}

/** Throws a `CommandError` when timers are there already and that is to fail. */
function sort(state: State, timers: readonly ImportedTimer[], onConflict: OnConflict): Sorted {
  const taken = timers.filter(({ id }) => isTaken(state, id));
  if (taken.length > 0 && onConflict === "fail") {
    const ids = taken.slice(0, conflictsShown).map(({ id }) => `"${shortened(id, 60)}"`);
    const more = taken.length > ids.length ? ` and ${taken.length - ids.length} more` : "";
    throw new CommandError(
      ExitCode.FAILURE,
      `Expected none of the timers to be there, got ${counted(taken.length, "conflict")}: ${ids.join(", ")}${more}; nothing was changed`,
      "Use --on-conflict skip to keep them, or --on-conflict replace to change them",
    );
  }
  return { fresh: timers.filter(({ id }) => !isTaken(state, id)), taken };
}

function count({ fresh, taken }: Sorted, onConflict: OnConflict, tally: Tally): void {
  tally.created = fresh.length;
  if (onConflict === "replace") tally.replaced = taken.length;
  else tally.skipped = taken.length;
}

/** One import, entry by entry: what belongs to one timer stands in one entry. */
class Import {
  readonly #directory: ChangeableDirectory;
  readonly #recurrences: Recurrences;
  readonly #asOfMs: number | undefined;
  readonly #tally: Tally;
  readonly #progress: Progress;
  readonly #clock = systemClock();
  #records: LogRecord[] = [];
  #bytes = 0;
  #context: PlanContext;

  constructor(
    directory: ChangeableDirectory,
    recurrences: Recurrences,
    asOfMs: number | undefined,
    tally: Tally,
    progress: Progress,
  ) {
    this.#progress = progress;
    this.#directory = directory;
    this.#recurrences = recurrences;
    this.#asOfMs = asOfMs;
    this.#tally = tally;
    this.#context = this.#nextContext();
  }

  async run({ fresh, taken }: Sorted, onConflict: OnConflict): Promise<void> {
    const { state } = this.#directory;
    const forecast = new SlotForecast(state.timers);
    // Those whose slot is foreseen come first: what follows them may give slots back.
    const isNew = ({ id }: ImportedTimer): boolean => state.timers.slotOf(id) === undefined;
    const cancelled = fresh.filter((timer) => !isNew(timer));
    for (const timer of fresh.filter(isNew)) await this.#create(timer, forecast.takeReference());
    await this.#flush();
    for (const timer of cancelled)
      await this.#create(timer, state.timers.reference(state.timers.slotOf(timer.id) ?? 0));
    if (onConflict === "skip") this.#tally.skipped += taken.length;
    else for (const timer of taken) await this.#replace(timer);
    await this.#flush();
  }

  async #create(timer: ImportedTimer, reference: number): Promise<void> {
    await this.#add(planCreation(this.#context, timer, reference), timer);
    this.#tally.created += 1;
  }

  async #replace(timer: ImportedTimer): Promise<void> {
    const slot = this.#directory.state.timers.slotOf(timer.id);
    const plan = slot === undefined ? undefined : planReplacement(this.#context, timer, slot);
    if (plan === undefined) {
      this.#tally.skipped += 1;
      return;
    }
    await this.#add(plan, timer);
    this.#tally.replaced += 1;
  }

  async #add({ records, isMoved }: TimerPlan, { payloadBytes }: ImportedTimer): Promise<void> {
    this.#records.push(...records);
    this.#bytes += records.length * recordBytes + payloadBytes;
    if (isMoved) this.#tally.moved += 1;
    this.#progress.add(1, "timers");
    // A timer has at most three records, and its payload a limit: an entry never gets much larger than this.
    if (this.#records.length >= recordsPerEntryMax || this.#bytes >= entryBytesMax) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#records.length > 0) {
      const entry: Entry = [this.#context.atMs, ...this.#records];
      const outcomes = await this.#directory.write(entry);
      for (const outcome of outcomes) requireTaken(outcome);
    }
    this.#records = [];
    this.#bytes = 0;
    this.#context = this.#nextContext();
  }

  #nextContext(): PlanContext {
    const { state } = this.#directory;
    return { state, recurrences: this.#recurrences, atMs: this.#clock.nowMs(), asOfMs: this.#asOfMs };
  }
}

function requireTaken(outcome: Outcome): void {
  if (outcome.kind !== "refused") return;
  throw new CommandError(
    ExitCode.FAILURE,
    `Expected every timer to be taken, one was refused (${outcome.code}): ${outcome.reason}`,
    "Import again with --on-conflict skip to go on with the rest",
  );
}

function reportProblems({ output, dataDir }: CommandContext, reader: ImportReader): ExitCodeValue {
  const { problems, problemCount } = reader;
  if (output.options.isJson) {
    output.json({ version: jsonVersion, command: "import", dataDir, outcome: "refused", problemCount, problems });
    return ExitCode.USAGE;
  }
  for (const { line, message } of problems) output.message(`line ${line}: ${printable(message)}`);
  if (problemCount > problems.length) output.message(`… and ${problemCount - problems.length} more`);
  throw new CommandError(ExitCode.USAGE, `${counted(problemCount, "problem")} in the import, nothing was changed`);
}

function report({ output, dataDir }: CommandContext, reader: ImportReader, tally: Tally, isDryRun: boolean): void {
  const { historyLines, finishedTimers } = reader;
  if (output.options.isJson) {
    const outcome = isDryRun ? "would be imported" : "imported";
    output.json({ version: jsonVersion, command: "import", dataDir, outcome, ...tally, finishedTimers, historyLines });
    return;
  }
  const parts = [`${tally.created} created`, `${tally.replaced} replaced`, `${tally.skipped} skipped`];
  output.line(`${isDryRun ? "would be imported" : "imported"}: ${parts.join(", ")}`);
  if (finishedTimers > 0) {
    output.message(
      `note: passed over ${counted(finishedTimers, "timer")} with nothing left to do (completed, dead, cancelled)`,
    );
  }
  if (historyLines > 0) {
    output.message(
      `note: passed over ${counted(historyLines, "line")} of history: an import makes timers, \`kron restore\` brings history back`,
    );
  }
  if (tally.moved > 0) {
    output.message(
      `note: ${counted(tally.moved, "due time")} moved, as the time zone rules of this machine are others`,
    );
  }
}
