/** What an audit of a log has found: problems, which must not be, and notes, which explain themselves. */

/** What is wrong, or worth a note. */
export type FindingCode =
  | "attempt-out-of-turn"
  | "attempts-exceeded"
  | "clock-went-back"
  | "occurrence-dropped"
  | "occurrence-left-out"
  | "occurrence-off-rule"
  | "occurrence-out-of-turn"
  | "rule-unknown"
  | "run-unaccounted"
  | "state-differs"
  | "timer-stuck"
  | "token-not-growing"
  | "wrong-count"
  | "zone-rules-differ";

/** One finding, with the entry that showed it. */
export interface Finding {
  readonly code: FindingCode;
  /** The index of the entry; 0 when it is about the end of the log. */
  readonly index: number;
  /** Undefined when no timer is concerned. */
  readonly timerId: string | undefined;
  readonly message: string;
}

/** Findings kept of each sort; all are counted. */
export const findingsKept = 200;

/** Findings, the first of them kept and all of them counted. */
export class Findings {
  readonly problems: Finding[] = [];
  readonly notes: Finding[] = [];
  problemCount = 0;
  noteCount = 0;

  problem(code: FindingCode, index: number, timerId: string | undefined, message: string): void {
    this.problemCount += 1;
    if (this.problems.length < findingsKept) this.problems.push({ code, index, timerId, message });
  }

  note(code: FindingCode, index: number, timerId: string | undefined, message: string): void {
    this.noteCount += 1;
    if (this.notes.length < findingsKept) this.notes.push({ code, index, timerId, message });
  }
}
