/** What `kron doctor` has found: problems, notes, and what is pending, gathered from all its checks. */

import { type Finding, findingsKept } from "../../src/core/audit-findings.ts";

/** One thing found; `code` is stable. */
export interface ReportLine {
  readonly code: string;
  /** The index of the entry that showed it. */
  readonly index?: number;
  readonly timerId?: string;
  readonly message: string;
}

/** Problems make the exit code 6; notes do not. The first of each are kept, all are counted. */
export class Report {
  readonly problems: ReportLine[] = [];
  readonly notes: ReportLine[] = [];
  problemCount = 0;
  noteCount = 0;

  problem(code: string, message: string): void {
    this.#add("problems", { code, message });
    this.problemCount += 1;
  }

  note(code: string, message: string): void {
    this.#add("notes", { code, message });
    this.noteCount += 1;
  }

  /** Takes over what an audit of the log found, of which `count` were counted. */
  addFindings(kind: "problems" | "notes", findings: readonly Finding[], count: number): void {
    for (const { code, index, timerId, message } of findings) {
      this.#add(kind, { code, message, ...(index > 0 && { index }), ...(timerId !== undefined && { timerId }) });
    }
    if (kind === "problems") this.problemCount += count;
    else this.noteCount += count;
  }

  #add(kind: "problems" | "notes", line: ReportLine): void {
    if (this[kind].length < findingsKept) this[kind].push(line);
  }
}
