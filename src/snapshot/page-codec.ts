/**
 * A page: the timers of 32 neighbouring slots as one value. docs/snapshot-format.md has the bytes.
 *
 *     page   version, then a row per slot up to the last one in use
 *     row    0, generation, place in the free list                        an empty slot
 *            1, bits:4, id, a number per bit set, [retiredBy], [extras]   a timer
 *     extras [payload or null, retries or null], count of live runs, each run as a block
 *
 * Most numbers of most timers are 0 and cost a bit; times take six bytes.
 */

import { assert } from "../core/assert.ts";
import { slotsPerPage } from "../core/changes.ts";
import { slabEntryBytesMax } from "../core/id-slab.ts";
import { attemptOutcomeCode, attemptOutcomeOf, isEnding } from "../core/outcome.ts";
import type { LoggedError } from "../core/record.ts";
import type { AttemptRecord, Run, RunState } from "../core/run.ts";
import type { State } from "../core/state.ts";
import { packValue } from "../journal/codec.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

const pageVersion = 1;
/** A larger payload stands under a key of its own, so that it is not written again each time its timer runs. */
export const inlinePayloadBytesMax = 256;

/** Bits of a row behind those of the numbers. */
const bit = { retired: 1 << 28, extras: 1 << 29, payload: 1 << 30 } as const;
const numbersMax = 28;
const runStates: readonly RunState[] = ["waiting", "running", "retrying"];

/** Writes pages of a state. */
export class PageEncoder {
  readonly #state: State;
  readonly #writer: ByteWriter;
  readonly #numbers: Float64Array;

  constructor(state: State, writer: ByteWriter) {
    this.#state = state;
    this.#writer = writer;
    this.#numbers = new Float64Array(state.timers.numberCount);
    assert(this.#numbers.length <= numbersMax, "every number has a bit");
  }

  /** Appends a page. `onLargePayload` is told of payloads that have to be written apart. */
  encode(page: number, onLargePayload: (slot: number, bytes: Uint8Array) => void): void {
    const { timers } = this.#state;
    this.#writer.byte(pageVersion);
    const end = Math.min((page + 1) * slotsPerPage, timers.slotCount);
    for (let slot = page * slotsPerPage; slot < end; slot++) {
      if (timers.has(slot)) this.#encodeTimer(slot, onLargePayload);
      else this.#encodeEmpty(slot);
    }
  }

  #encodeEmpty(slot: number): void {
    const { timers } = this.#state;
    timers.copyNumbers(slot, this.#numbers);
    this.#writer.byte(0);
    this.#writer.number(this.#numbers[0] as number);
    this.#writer.number(timers.freePlace(slot));
  }

  #encodeTimer(slot: number, onLargePayload: (slot: number, bytes: Uint8Array) => void): void {
    const { timers, retired, runs } = this.#state;
    const writer = this.#writer;
    const numbers = this.#numbers;
    timers.copyNumbers(slot, numbers);
    const payload = timers.payload(slot);
    const packed = payload === undefined ? undefined : packCopyOf(payload);
    const isLarge = packed !== undefined && packed.length > inlinePayloadBytesMax;
    if (isLarge) onLargePayload(slot, packed);
    const retries = timers.retryNumbers(slot);
    const live = runs.ofSlot(slot);
    const retiredBy = retired.get(slot);
    const hasExtras = (packed !== undefined && !isLarge) || retries.length > 0 || live.length > 0;
    let bits = (retiredBy === undefined ? 0 : bit.retired) | (hasExtras ? bit.extras : 0) | (isLarge ? bit.payload : 0);
    for (let i = 0; i < numbers.length; i++) if (numbers[i] !== 0) bits |= 1 << i;
    writer.byte(1);
    for (let shift = 0; shift < 32; shift += 8) writer.byte((bits >>> shift) & 0xff);
    writer.filled(timers.idByteLength(slot), (target, at) => timers.copyId(slot, target, at));
    for (let i = 0; i < numbers.length; i++) if (numbers[i] !== 0) writer.number(numbers[i] as number);
    if (retiredBy !== undefined) writer.number(retiredBy);
    if (!hasExtras) return;
    this.#block([isLarge || payload === undefined ? null : payload, retries.length === 0 ? null : retries]);
    writer.number(live.length);
    for (const run of live) this.#block(encodeRun(run));
  }

  #block(value: unknown): void {
    const { bytes, start, end } = packValue(value);
    this.#writer.block(bytes, start, end);
  }
}

function packCopyOf(payload: unknown): Uint8Array {
  const { bytes, start, end } = packValue(payload);
  return new Uint8Array(bytes.subarray(start, end));
}

/** What reading a page hands on besides what it puts into the state. */
export interface PageTaker {
  /** The timer in `slot` has a payload under a key of its own. */
  largePayload(slot: number): void;
  retired(slot: number, retiredBy: number): void;
  run(run: Run): void;
}

/** Puts a page back into a state whose slots below it are there already. Throws `KRON_SNAPSHOT_CORRUPT`. */
export function decodePage(state: State, page: number, reader: ByteReader, taker: PageTaker): void {
  if (reader.byte() !== pageVersion) throw reader.corrupt("is of an unknown version");
  const { timers } = state;
  const numbers = new Float64Array(timers.numberCount);
  for (let slot = page * slotsPerPage; !reader.isAtEnd; slot++) {
    if (slot >= (page + 1) * slotsPerPage) throw reader.corrupt("has too many rows");
    const form = reader.byte();
    if (form === 0) timers.restoreEmpty(slot, reader.number(), reader.number());
    else if (form === 1) decodeTimer(state, slot, numbers, reader, taker);
    else throw reader.corrupt("has a row of an unknown form");
  }
}

function decodeTimer(state: State, slot: number, numbers: Float64Array, reader: ByteReader, taker: PageTaker): void {
  const { timers } = state;
  const bits = reader.byte() | (reader.byte() << 8) | (reader.byte() << 16) | (reader.byte() << 24);
  const id = reader.range();
  const idBytes = id.end - id.start;
  if (idBytes === 0 || idBytes > slabEntryBytesMax) throw reader.corrupt("has an id of an impossible length");
  for (let i = 0; i < numbers.length; i++) numbers[i] = (bits & (1 << i)) === 0 ? 0 : reader.number();
  if (!timers.restore(slot, reader.bytes, id.start, id.end, numbers)) throw reader.corrupt("has an id twice");
  if ((bits & bit.retired) !== 0) taker.retired(slot, reader.number());
  if ((bits & bit.payload) !== 0) taker.largePayload(slot);
  if ((bits & bit.extras) === 0) return;
  const [payload, retries] = asArray(reader.packed(), 2, reader);
  if (payload !== null) timers.setPayload(slot, payload);
  if (retries !== null) timers.restoreRetries(slot, asArray(retries, undefined, reader) as number[]);
  for (let left = reader.number(); left > 0; left--) {
    taker.run(decodeRun(slot, timers.reference(slot), asArray(reader.packed(), runFields, reader), reader));
  }
}

const runFields = 12;

function encodeRun(run: Run): unknown[] {
  return [
    run.id,
    run.isManual,
    run.scheduledAtMs,
    run.dueAtMs,
    run.missedCount,
    run.payload,
    runStates.indexOf(run.state),
    run.attempt,
    run.token,
    run.startedAtMs,
    run.retryAtMs,
    run.failures === null ? null : encodeFailures(run.failures),
  ];
}

function decodeRun(slot: number, timer: number, fields: readonly unknown[], reader: ByteReader): Run {
  const state = runStates[fields[6] as number];
  if (state === undefined) throw reader.corrupt("has a run in an unknown state");
  return {
    kind: "run",
    id: fields[0] as number,
    slot,
    timer,
    isManual: fields[1] as boolean,
    scheduledAtMs: fields[2] as number,
    dueAtMs: fields[3] as number,
    missedCount: fields[4] as number,
    payload: fields[5],
    state,
    attempt: fields[7] as number,
    token: fields[8] as number,
    startedAtMs: fields[9] as number,
    retryAtMs: fields[10] as number,
    failures: fields[11] === null ? null : decodeFailures(fields[11], reader),
  };
}

/** Attempts that ended badly, as arrays for msgpack. */
export function encodeFailures(failures: readonly AttemptRecord[]): unknown[] {
  return failures.map(({ attempt, outcome, endedAtMs, tookUs, error, ending }) => {
    const fields = [attempt, attemptOutcomeCode(outcome), endedAtMs, tookUs, error];
    return ending === null ? fields : [...fields, ending];
  });
}

/** What `encodeFailures` gave. Throws `KRON_SNAPSHOT_CORRUPT`. */
export function decodeFailures(value: unknown, reader: ByteReader): AttemptRecord[] {
  return asArray(value, undefined, reader).map((failure) => {
    const [attempt, code, endedAtMs, tookUs, error, ending = null] = asArray(failure, 5, reader, 6);
    const outcome = attemptOutcomeOf(code as number);
    if (outcome === undefined) throw reader.corrupt("has an attempt of an unknown outcome");
    if (ending !== null && !isEnding(ending)) throw reader.corrupt("has an attempt of an unknown ending");
    return {
      attempt: attempt as number,
      outcome,
      endedAtMs: endedAtMs as number,
      tookUs: tookUs as number,
      error: asArray(error, 4, reader, 5) as unknown as LoggedError,
      ending,
    };
  });
}

/** `value` if it is an array (of `length` to `lengthMax` elements). Throws `KRON_SNAPSHOT_CORRUPT`. */
export function asArray(
  value: unknown,
  length: number | undefined,
  reader: ByteReader,
  lengthMax: number | undefined = length,
): readonly unknown[] {
  if (!Array.isArray(value)) throw reader.corrupt("has fields of another shape");
  const count = value.length;
  if (count < (length ?? count) || count > (lengthMax ?? count)) throw reader.corrupt("has fields of another shape");
  return value;
}
