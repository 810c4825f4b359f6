/**
 * Keeps the logs of runs within their limits: says where each goes, and removes the oldest.
 *
 * Nothing is looked at before the first run that may print. From then on the folders of timers that have run, at first
 * all there are, are swept in small steps with pauses between them; no step looks at much more than `filesPerStep`
 * files, so that the scheduler never waits for it. Limits may therefore be passed for some seconds.
 */

import { sep } from "node:path";
import type { LogSettings } from "../core/log-options.ts";
import type { CancelWait, Clock, Logger, OutputFile, OutputFiles } from "../ports.ts";
import { RunLogIndex } from "./run-log-index.ts";
import { runLogFile, runLogsPath, timerFolder } from "./run-log-paths.ts";

/** What the keeper of logs needs. */
export interface RunLogsParts {
  readonly dataDir: string;
  readonly limits: LogSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

const filesPerStep = 64;
const stepPauseMs = 100;
const sweepPauseMs = 5_000;
const agePauseMs = 60 * 60 * 1_000;
/** Names of folders are made once while they are in use, as most need a hash. */
const foldersMax = 10_000;

/** The logs of the runs of one data directory. */
export class RunLogs implements OutputFiles {
  readonly #path: string;
  readonly #limits: LogSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #index: RunLogIndex;
  /** Folders to be looked at. */
  readonly #touched = new Set<string>();
  readonly #names = new Map<string, string>();
  #isListed = false;
  #hasToldTrouble = false;
  #isClosed = false;
  #cancelWait: CancelWait | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;
  #nextAgeMs = 0;

  constructor({ dataDir, limits, clock, logger }: RunLogsParts) {
    this.#path = runLogsPath(dataDir);
    this.#limits = limits;
    this.#clock = clock;
    this.#logger = logger;
    this.#index = new RunLogIndex(this.#path, limits, (error) => this.#trouble(error));
  }

  fileOf(timerId: string, runId: string): OutputFile {
    const folder = this.#folderOf(timerId);
    // When too many have run, whatever folders there are by then are looked at instead: most runs print nothing.
    if (this.#touched.size < foldersMax) this.#touched.add(folder);
    else this.#isListed = false;
    this.#wakeWithin(sweepPauseMs);
    // Put together by hand, as each attempt asks for one and few print anything: `join` would look at every character.
    return { path: `${this.#path}${sep}${folder}${sep}${runLogFile(runId)}`, bytesMax: this.#limits.runBytes };
  }

  /** Bytes of all logs that have been looked at, in whole blocks. */
  get bytes(): number {
    return this.#index.bytes;
  }

  /** Sweeps no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelWait?.();
  }

  #folderOf(timerId: string): string {
    const known = this.#names.get(timerId);
    if (known !== undefined) return known;
    if (this.#names.size >= foldersMax) this.#names.clear();
    const folder = timerFolder(timerId);
    this.#names.set(timerId, folder);
    return folder;
  }

  #wakeWithin(delayMs: number): void {
    const atMs = this.#clock.monotonicMs() + delayMs;
    if (this.#isClosed || atMs >= this.#wakeMs) return;
    this.#cancelWait?.();
    this.#wakeMs = atMs;
    this.#cancelWait = this.#clock.wakeAfter(delayMs, () => this.#step(), false);
  }

  #step(): void {
    this.#wakeMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    if (!this.#isListed && this.#touched.size === 0) {
      for (const folder of this.#index.list()) this.#touched.add(folder);
      this.#isListed = true;
    }
    this.#touchAged(nowMs);
    let files = 0;
    for (const folder of this.#touched) {
      if (files >= filesPerStep) break;
      this.#touched.delete(folder);
      // A folder that is empty or gone is work as well.
      files += 1 + this.#index.sweep(folder, nowMs);
    }
    if (files < filesPerStep && this.#index.isOverfull) this.#index.trim(filesPerStep - files);
    const isDone = this.#isListed && this.#touched.size === 0 && !this.#index.isOverfull;
    this.#wakeWithin(isDone ? agePauseMs : stepPauseMs);
  }

  /** What grows old does so without a run. */
  #touchAged(nowMs: number): void {
    const monotonicMs = this.#clock.monotonicMs();
    if (monotonicMs < this.#nextAgeMs) return;
    this.#nextAgeMs = monotonicMs + agePauseMs;
    for (const folder of this.#index.aged(nowMs)) this.#touched.add(folder);
  }

  #trouble(err: unknown): void {
    if (!this.#hasToldTrouble) this.#logger.warn({ err }, "Logs of runs cannot be kept within their limits");
    this.#hasToldTrouble = true;
  }
}
