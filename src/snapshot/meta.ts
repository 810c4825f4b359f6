/** The value that says what a snapshot is as of, and how much of everything it has to hold. */

import { KronError } from "../core/errors.ts";
import { packCopy, unpackValue, uuidBytes } from "../journal/codec.ts";

/** The format of everything in a snapshot; read by no version that does not know it. */
export const snapshotFormat = 1;

/** What a snapshot is as of. */
export interface SnapshotMeta {
  /** The journal it belongs to, 16 bytes. */
  readonly uuid: Uint8Array;
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  readonly recordCount: number;
  /** The stamp of the latest entry. */
  readonly atMs: number;
  readonly boot: string;
  readonly isRunning: boolean;
  readonly lastDefinitionNumber: number;
  readonly definitionCount: number;
  readonly slotCount: number;
  readonly timerCount: number;
  readonly runCount: number;
  /** Bytes that chunks of history take, keys included. */
  readonly historyBytes: number;
  /** How many checkpoints led here. */
  readonly serial: number;
  /** Wall-clock time of the checkpoint. */
  readonly writtenAtMs: number;
}

const names = [
  ...["uuid", "appliedIndex", "appliedTerm", "recordCount", "atMs", "boot", "isRunning", "lastDefinitionNumber"],
  ...["definitionCount", "slotCount", "timerCount", "runCount", "historyBytes", "serial", "writtenAtMs"],
] as const;

/** `[format, …the fields in the order of their declaration]`. */
export function encodeMeta(meta: SnapshotMeta): Uint8Array {
  return packCopy([snapshotFormat, ...names.map((name) => meta[name as keyof SnapshotMeta])]);
}

/** Throws `KRON_SNAPSHOT_VERSION` for another format and `KRON_SNAPSHOT_CORRUPT` for what is no meta value. */
export function decodeMeta(bytes: Uint8Array): SnapshotMeta {
  const fields = unpackValue(bytes, 0, bytes.length);
  const format: unknown = Array.isArray(fields) ? fields[0] : undefined;
  if (typeof format === "number" && format !== snapshotFormat) throw unknownFormat(format);
  if (!Array.isArray(fields) || fields.length !== names.length + 1) throw corruptMeta();
  const values = fields.slice(1) as unknown[];
  values.forEach((value, index) => {
    if (!isRight(names[index] as string, value)) throw corruptMeta();
  });
  return Object.fromEntries(names.map((name, index) => [name, values[index]])) as unknown as SnapshotMeta;
}

function isRight(name: string, value: unknown): boolean {
  if (name === "uuid") return value instanceof Uint8Array && value.length === uuidBytes;
  if (name === "boot") return typeof value === "string";
  if (name === "isRunning") return typeof value === "boolean";
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function unknownFormat(format: number): KronError {
  return new KronError(
    "KRON_SNAPSHOT_VERSION",
    `Expected a snapshot of format ${snapshotFormat}, got format ${format}`,
    {
      hint: "Use the version of Kron that wrote this directory, or a newer one",
      details: { format },
    },
  );
}

function corruptMeta(): KronError {
  return new KronError(
    "KRON_SNAPSHOT_CORRUPT",
    "Expected a snapshot to say what it is as of, its first value is damaged",
    {
      hint: "Run `kron doctor`; restore the newest backup with `kron restore`",
    },
  );
}
