/**
 * A chunk of history: neighbouring rows of one timer as one value, the oldest first. The key says the number of
 * the last row. docs/snapshot-format.md has the bytes.
 *
 *     chunk  version, finishedAtMs of the last row, count of rows, rows
 *     row    outcome and flags, run, attempts, scheduledAtMs, and the other times as steps from one to the next,
 *            tookUs, [count, missedCount], [detail as a block of msgpack]
 */

import type { HistoryDetail, HistoryRow } from "../core/history.ts";
import { isEnding, outcomeCode, outcomeOf } from "../core/outcome.ts";
import { packValue } from "../journal/codec.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { asArray, decodeFailures, encodeFailures } from "./page-codec.ts";

const chunkVersion = 1;
/** The first byte of a row: the outcome's code in the low bits, then what follows. */
const flag = { isManual: 8, hasCounts: 16, hasDetail: 32 } as const;

/** Rows of one chunk. */
export const chunkRowsMax = 128;
/** A chunk that has so many bytes takes no further row. */
export const chunkBytesMax = 32 * 1024;

/** Appends rows to `writer`, which holds rows only. */
export function encodeRow(writer: ByteWriter, row: HistoryRow): void {
  const hasCounts = row.count !== 1 || row.missedCount !== 0;
  const flags = (row.isManual ? flag.isManual : 0) | (hasCounts ? flag.hasCounts : 0);
  writer.byte(outcomeCode(row.outcome) | flags | (row.detail === undefined ? 0 : flag.hasDetail));
  writer.number(row.run);
  writer.number(row.attempts);
  writer.number(row.scheduledAtMs);
  writer.signed(row.lastScheduledAtMs - row.scheduledAtMs);
  writer.signed(row.dueAtMs - row.scheduledAtMs);
  // A run that never started has no start.
  writer.number(row.startedAtMs === 0 ? 0 : 1);
  if (row.startedAtMs !== 0) writer.signed(row.startedAtMs - row.dueAtMs);
  writer.signed(row.finishedAtMs - row.dueAtMs);
  writer.number(row.tookUs);
  if (hasCounts) {
    writer.number(row.count);
    writer.number(row.missedCount);
  }
  if (row.detail === undefined) return;
  const { failures, result, resultNote, reason, ending } = row.detail;
  const fields = [failures === undefined ? null : encodeFailures(failures), result, resultNote, reason];
  if (ending !== undefined) fields.push(ending);
  const { bytes, start, end } = packValue(fields);
  writer.block(bytes, start, end);
}

/** The head of a chunk of `count` rows, to be followed by the rows. */
export function encodeChunkHead(writer: ByteWriter, finishedAtMs: number, count: number): void {
  writer.byte(chunkVersion);
  writer.number(finishedAtMs);
  writer.number(count);
}

/** When the newest row of a chunk was finished. Throws `KRON_SNAPSHOT_CORRUPT`. */
export function chunkFinishedAtMs(reader: ByteReader): number {
  if (reader.byte() !== chunkVersion) throw reader.corrupt("is of an unknown version");
  return reader.number();
}

/** The rows of a chunk, the oldest first. Throws `KRON_SNAPSHOT_CORRUPT`. */
export function decodeChunk(reader: ByteReader): HistoryRow[] {
  chunkFinishedAtMs(reader);
  const rows: HistoryRow[] = [];
  for (let left = reader.number(); left > 0; left--) rows.push(decodeRow(reader));
  reader.end();
  return rows;
}

function decodeRow(reader: ByteReader): HistoryRow {
  const first = reader.byte();
  const outcome = outcomeOf(first & 7);
  if (outcome === undefined) throw reader.corrupt("has a row of an unknown outcome");
  const run = reader.number();
  const attempts = reader.number();
  const scheduledAtMs = reader.number();
  const lastScheduledAtMs = scheduledAtMs + reader.signed();
  const dueAtMs = scheduledAtMs + reader.signed();
  const startedAtMs = reader.number() === 0 ? 0 : dueAtMs + reader.signed();
  const finishedAtMs = dueAtMs + reader.signed();
  const tookUs = reader.number();
  const hasCounts = (first & flag.hasCounts) !== 0;
  const count = hasCounts ? reader.number() : 1;
  const missedCount = hasCounts ? reader.number() : 0;
  const detail = (first & flag.hasDetail) === 0 ? undefined : decodeDetail(reader);
  const isManual = (first & flag.isManual) !== 0;
  return {
    ...{ outcome, run, isManual, attempts, scheduledAtMs, lastScheduledAtMs, dueAtMs, startedAtMs, finishedAtMs },
    ...{ tookUs, count, missedCount, detail },
  };
}

function decodeDetail(reader: ByteReader): HistoryDetail {
  const [failures, result, resultNote, reason, ending = null] = asArray(reader.packed(), 4, reader, 5);
  if (ending !== null && !isEnding(ending)) throw reader.corrupt("has a row of an unknown ending");
  return {
    ...(failures !== null && { failures: decodeFailures(failures, reader) }),
    ...(result !== null && { result }),
    ...(resultNote !== null && { resultNote: resultNote as string }),
    ...(reason !== null && { reason: reason as string }),
    ...(ending !== null && { ending }),
  };
}
