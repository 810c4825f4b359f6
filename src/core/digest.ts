/**
 * The digest of a state: equal logs give equal digests on every node, after every restart, and however the
 * log was cut into pieces. `kron doctor` and the nodes of a cluster compare states by it.
 *
 * The state is walked in one fixed order (slots and numbers growing) and poured, word by word, into two 32-bit lanes that mix differently. Nothing is kept but the lanes, so a million timers cost
 * no memory. It finds mistakes and is not meant to withstand an adversary.
 */

import type { AttemptRecord, Run } from "./run.ts";
import type { State } from "./state.ts";

/** Sixteen hexadecimal digits that stand for everything in the state. */
export function digest(state: State): string {
  const lanes = new Lanes();
  for (const number of [state.appliedIndex, state.appliedTerm, state.recordCount, state.runningCount, state.atMs]) {
    lanes.number(number);
  }
  lanes.text(state.boot);
  lanes.number(state.isRunning ? 1 : 0);
  pourDefinitions(lanes, state);
  pourTimers(lanes, state);
  pourRuns(lanes, state);
  // The order of these decides who is forgotten next and which slot is given out next: it is part of the state.
  lanes.value([...state.retired.keys()]);
  lanes.value(state.timers.freeSlots);
  return lanes.end();
}

function pourDefinitions(lanes: Lanes, state: State): void {
  const { definitions } = state;
  lanes.number(definitions.lastNumber);
  for (const number of definitions.numbers()) {
    lanes.number(number);
    lanes.text(definitions.keyOf(number));
    lanes.number(definitions.usersOf(number));
  }
}

function pourTimers(lanes: Lanes, state: State): void {
  const { timers } = state;
  lanes.number(timers.slotCount);
  for (let slot = 0; slot < timers.slotCount; slot++) {
    const id = timers.idOf(slot);
    // An empty slot still counts how often it was given out.
    lanes.number(timers.reference(slot));
    if (id === undefined) continue;
    lanes.text(id);
    for (const number of timers.numbers(slot)) lanes.number(number);
    lanes.value(timers.retryNumbers(slot));
    lanes.value(timers.payload(slot));
  }
}

function pourRuns(lanes: Lanes, state: State): void {
  const runs = [...state.runs.values()].sort((a, b) => a.id - b.id);
  lanes.number(runs.length);
  for (const run of runs) pourRun(lanes, run);
}

function pourRun(lanes: Lanes, run: Run): void {
  lanes.text(run.state);
  for (const number of [run.id, run.slot, run.timer, run.isManual ? 1 : 0, run.scheduledAtMs, run.dueAtMs]) {
    lanes.number(number);
  }
  for (const number of [run.missedCount, run.attempt, run.token, run.startedAtMs, run.retryAtMs]) lanes.number(number);
  lanes.value(run.payload);
  pourFailures(lanes, run.failures);
}

function pourFailures(lanes: Lanes, failures: readonly AttemptRecord[] | null | undefined): void {
  lanes.number(failures?.length ?? 0);
  for (const { attempt, outcome, endedAtMs, tookUs, error, ending } of failures ?? []) {
    lanes.text(outcome);
    lanes.value([attempt, endedAtMs, tookUs, error]);
    // Most have none, and then the digest is what it was before there were endings.
    if (ending !== null) lanes.text(ending);
  }
}

/** Tags that keep values of different types apart, so that the text "1" is not the number 1. */
const Tag = { NONE: 1, FALSE: 2, TRUE: 3, NUMBER: 4, TEXT: 5, BIGINT: 6, BYTES: 7, LIST: 8, MEMBERS: 9, TIME: 10 };

/** Two 32-bit lanes and the rules by which values become words. */
class Lanes {
  #a = 0x243f6a88;
  #b = 0x85a308d3 | 0;
  readonly #float = new DataView(new ArrayBuffer(8));

  /** Any number, by the bits of its 64-bit float; -0 counts as 0, and there is one NaN. */
  number(value: number): void {
    // Not every machine writes NaN with the same bits.
    this.#float.setFloat64(0, Number.isNaN(value) ? Number.POSITIVE_INFINITY : value + 0);
    if (Number.isNaN(value)) this.#word(Tag.NONE);
    this.#word(this.#float.getInt32(0));
    this.#word(this.#float.getInt32(4));
  }

  text(value: string): void {
    this.#word(value.length);
    for (let i = 0; i < value.length; i++) this.#word(value.charCodeAt(i));
  }

  /** Plain data; members by name, whatever their order. Undefined counts as null, which is how the log has it. */
  value(value: unknown): void {
    switch (typeof value) {
      case "number":
        this.#word(Tag.NUMBER);
        this.number(value);
        break;
      case "string":
        this.#word(Tag.TEXT);
        this.text(value);
        break;
      case "boolean":
        this.#word(value ? Tag.TRUE : Tag.FALSE);
        break;
      case "bigint":
        this.#word(Tag.BIGINT);
        this.text(value.toString(16));
        break;
      case "object":
        if (value === null) this.#word(Tag.NONE);
        else this.#object(value);
        break;
      default:
        this.#word(Tag.NONE);
    }
  }

  /** The lanes, each mixed with the other once more. */
  end(): string {
    const a = finish(this.#a ^ this.#b);
    const b = finish(this.#b + a);
    return hex(a) + hex(b);
  }

  #object(value: object): void {
    if (value instanceof Uint8Array) {
      this.#word(Tag.BYTES);
      this.#word(value.length);
      for (const byte of value) this.#word(byte);
    } else if (Array.isArray(value)) {
      this.#word(Tag.LIST);
      this.#word(value.length);
      for (const element of value as unknown[]) this.value(element);
    } else if (Object.prototype.toString.call(value) === "[object Date]") {
      this.#word(Tag.TIME);
      this.number(Number(value));
    } else {
      const members = value as Readonly<Record<string, unknown>>;
      const names = Object.keys(members).sort();
      this.#word(Tag.MEMBERS);
      this.#word(names.length);
      for (const name of names) {
        this.text(name);
        this.value(members[name]);
      }
    }
  }

  #word(word: number): void {
    const a = this.#a ^ word;
    this.#a = (Math.imul((a << 13) | (a >>> 19), 0x2545f491) + 0x6a09e667) | 0;
    const b = (this.#b + Math.imul(word, 0x3c6ef373)) | 0;
    this.#b = Math.imul(b ^ (b >>> 17), 0x5851f42d) ^ this.#a;
  }
}

function finish(word: number): number {
  const once = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d);
  const twice = Math.imul(once ^ (once >>> 12), 0x297a2d39);
  return (twice ^ (twice >>> 15)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
