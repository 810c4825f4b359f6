/**
 * The audit of a log: replays it into a state and checks on the way what must hold for every log (design,
 * invariants 5 to 8). It is what `kron doctor` runs, and reads each entry once, in bounded memory. It may begin at
 * a state that a snapshot holds, and then proves what came after.
 */

import { apply } from "./apply.ts";
import { Findings } from "./audit-findings.ts";
import { RunAudit } from "./audit-runs.ts";
import { type RecurrenceOf, TimerAudit } from "./audit-timers.ts";
import { type Entry, Kind, type KindName, kindName, type LogRecord } from "./record.ts";
import type { State } from "./state.ts";

/** Replays entries into a state and audits them. */
export class LogAudit {
  readonly findings = new Findings();
  readonly runs: RunAudit;
  readonly timers: TimerAudit;
  /** Records by kind, and the refused ones among them. */
  readonly records = new Map<KindName, number>();
  readonly refused = new Map<KindName, number>();
  /** Starts of a runtime, and how many of those before had not been stopped in good order. */
  startCount = 0;
  crashCount = 0;
  readonly state: State;

  /** Begins where `state` is: empty, or loaded from a snapshot. From here on it is the audit's own. */
  constructor(state: State, recurrenceOf: RecurrenceOf) {
    this.state = state;
    this.runs = new RunAudit(state, this.findings);
    this.timers = new TimerAudit(state, this.findings, recurrenceOf);
  }

  /** Applies an entry, record by record, and checks what each did. */
  take(index: number, term: number, entry: Entry): void {
    const atMs = entry[0];
    if (atMs < this.state.atMs) {
      const message = `The wall clock went back by ${this.state.atMs - atMs} ms`;
      this.findings.note("clock-went-back", index, undefined, message);
    }
    // A log whose beginning is lost is audited from where it begins.
    if (this.state.appliedIndex === 0) this.state.appliedIndex = index - 1;
    apply(this.state, index, term, [atMs]);
    for (let i = 1; i < entry.length; i++) this.#takeRecord(index, term, atMs, entry[i] as LogRecord);
  }

  /** To be called once, after the last entry. */
  finish(): void {
    this.runs.finish();
    this.timers.finish();
  }

  #takeRecord(index: number, term: number, atMs: number, record: LogRecord): void {
    // Every record was read by its kind, so each has a name.
    const name = kindName(record[0]) as KindName;
    this.records.set(name, (this.records.get(name) ?? 0) + 1);
    if (record[0] === Kind.RUNTIME_STARTED) {
      this.startCount += 1;
      if (this.state.isRunning) this.crashCount += 1;
    }
    // The state is the audit's own, and takes the entry in steps: `apply` wants each to be the next.
    this.state.appliedIndex = index - 1;
    const [outcome] = apply(this.state, index, term, [atMs, record]).outcomes;
    switch (outcome?.kind) {
      case "refused":
        this.refused.set(name, (this.refused.get(name) ?? 0) + 1);
        break;
      case "run":
        this.runs.take(index, record, outcome);
        this.timers.take(index, atMs, record, outcome);
        break;
      case "timer":
        this.timers.take(index, atMs, record, outcome);
        break;
      default:
        if (record[0] === Kind.RUNTIME_STARTED) this.timers.takeStart();
    }
  }
}
