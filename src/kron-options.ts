/** The options of a runtime, read once when it is made. */

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { describe } from "./core/describe.ts";
import { parseDuration } from "./core/duration.ts";
import { type HistoryOptions, readHistory } from "./core/history-options.ts";
import { type LogOptions, type LogSettings, readLogs } from "./core/log-options.ts";
import {
  optionError,
  type RawOptions,
  readChoice,
  readCount,
  readFlag,
  readOptions,
  readText,
} from "./core/option-reader.ts";
import type { DurationInput } from "./core/options.ts";
import { defaultRetention, type Retention } from "./core/retention.ts";
import { defaultLogger } from "./logger.ts";
import type { CheckpointTriggers, Clock, Disk, Durability, Logger, Random } from "./ports.ts";
import { systemClock, systemRandom } from "./system.ts";

/** How a runtime is made. */
export interface KronOptions {
  /** Default: `KRON_HOME`, else `.kron` in the working directory. */
  readonly dataDir?: string | undefined;
  /**
   * How far an acknowledgement reaches. `"always"` (default): it is synced. `"group:<duration>"`: it is synced
   * after gathering for that long. `"everysec"`: it is written; up to 2 seconds may be lost with the machine.
   */
  readonly durability?: string | undefined;
  /** `"edge"` keeps segments small, for SD cards; default `"standard"`. */
  readonly profile?: "standard" | "edge" | undefined;
  /** Attempts under way at a time, from 1; default 64. */
  readonly concurrency?: number | undefined;
  /** Runs that may wait for a slot or for their next attempt before `trigger` is refused; default 10,000. */
  readonly queueMax?: number | undefined;
  /** How long after the start a timer may be without a callback before it is orphaned; default 5 s. */
  readonly orphanGrace?: DurationInput | undefined;
  /** Whether waiting for timers keeps the process running; default true. */
  readonly keepAlive?: boolean | undefined;
  /** When a checkpoint is written by itself. */
  readonly checkpoint?: CheckpointOptions | undefined;
  /** How much history is kept, unless a timer says otherwise. */
  readonly history?: HistoryOptions | undefined;
  /** How much output of modules and commands is kept. */
  readonly logs?: LogOptions | undefined;
  /** Threads that modules run in at a time, from 1 to 256; default as many as there are cores, but at most 4. */
  readonly threads?: number | undefined;
  /** Whether every module runs in a process of its own kind, so that none can take this one along; default false. */
  readonly hostModules?: boolean | undefined;
  /** What relative paths in `module`, `command` and `cwd` are relative to; default the working directory. */
  readonly baseDir?: string | undefined;
  /** How snapshots are kept: LMDB, or a plain file where LMDB has no binary (`"auto"`, the default). */
  readonly snapshot?: "auto" | "lmdb" | "file" | undefined;
  /** The largest segment of the journal, from 64 KiB to 1 GiB; default 64 MiB, with profile `"edge"` 8 MiB. */
  readonly segmentBytes?: number | undefined;
  /**
   * Whether the `kron` command and other programs of the same user may look at the runtime and control it, over a socket
   * in the data directory; default true, and false with a `disk` of one's own.
   */
  readonly ipc?: boolean | undefined;
  /** A logger in the shape of pino's; default pino on stderr, loaded with the first line. */
  readonly logger?: Logger | undefined;
  /** The clock; a virtual one in tests (`kron-scheduler/testing`). */
  readonly clock?: Clock | undefined;
  /** The file system; another one in tests. */
  readonly disk?: Disk | undefined;
}

/** After how much a checkpoint is written, whichever comes first. */
export interface CheckpointOptions {
  /** Changes, from 1; default 3,000,000. */
  readonly records?: number | undefined;
  /** Bytes of journal, from 64 KiB; default 64 MiB, with profile `"edge"` 8 MiB. */
  readonly bytes?: number | undefined;
  /** Time since the first change; default 10 minutes. */
  readonly every?: DurationInput | undefined;
}

/** The options of a runtime with all defaults. `disk` undefined is the real one, which is loaded when opened. */
export interface KronSettings {
  readonly dataDir: string | undefined;
  readonly durability: Durability;
  readonly profile: "standard" | "edge";
  readonly concurrency: number;
  readonly queueMax: number;
  readonly orphanGraceMs: number;
  readonly keepAlive: boolean;
  readonly checkpoint: CheckpointTriggers;
  readonly retention: Retention;
  readonly logs: LogSettings;
  /** An absolute path. */
  readonly threads: number;
  readonly hostModules: boolean;
  readonly baseDir: string;
  readonly snapshot: "auto" | "lmdb" | "file";
  readonly segmentBytes: number | undefined;
  readonly ipc: boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk | undefined;
}

const names: ReadonlySet<string> = new Set([
  ...["dataDir", "durability", "profile", "concurrency", "queueMax"],
  ...[
    "orphanGrace",
    "keepAlive",
    "checkpoint",
    "history",
    "logs",
    "threads",
    "hostModules",
    "baseDir",
    "snapshot",
    "segmentBytes",
  ],
  ...["ipc", "logger", "clock", "disk"],
]);
const checkpointNames: ReadonlySet<string> = new Set(["records", "bytes", "every"]);
/** The longest path of a data directory. */
export const pathCharsMax = 4_096;
const groupMsMax = 60_000;
const runsMax = 60_000;
const threadsMax = 256;
const threadsDefaultMax = 4;
const mebi = 1024 * 1024;
const journalBytesMin = 64 * 1024;
const segmentBytesMax = 1024 * mebi;

/** Reads the options; throws `KRON_OPTION_INVALID` or `KRON_DURATION_INVALID` naming the one that is wrong. */
export function checkKronOptions(options: KronOptions): KronSettings {
  const raw: RawOptions = readOptions(options, "the runtime options", "", names);
  const profile = readChoice(raw.profile ?? "standard", "profile", ["standard", "edge"]);
  return {
    dataDir: raw.dataDir === undefined ? undefined : readText(raw.dataDir, "dataDir", pathCharsMax),
    durability: readDurability(raw.durability),
    profile,
    concurrency: readCount(raw.concurrency ?? 64, "concurrency", 1, runsMax),
    queueMax: readCount(raw.queueMax ?? 10_000, "queueMax", 0, runsMax),
    orphanGraceMs: parseDuration(options.orphanGrace ?? 5_000, "orphanGrace", { minMs: 0 }),
    keepAlive: readFlag(raw.keepAlive ?? true, "keepAlive"),
    checkpoint: readCheckpoint(raw.checkpoint ?? {}, profile),
    retention: { ...defaultRetention, ...(raw.history !== undefined && readHistory(raw.history)) },
    logs: readLogs(raw.logs ?? {}),
    hostModules: readFlag(raw.hostModules ?? false, "hostModules"),
    threads: readCount(raw.threads ?? Math.min(threadsDefaultMax, availableParallelism()), "threads", 1, threadsMax),
    baseDir: resolve(raw.baseDir === undefined ? "." : readText(raw.baseDir, "baseDir", pathCharsMax)),
    snapshot: readChoice(raw.snapshot ?? "auto", "snapshot", ["auto", "lmdb", "file"]),
    segmentBytes:
      raw.segmentBytes === undefined
        ? undefined
        : readCount(raw.segmentBytes, "segmentBytes", journalBytesMin, segmentBytesMax),
    ipc: readFlag(raw.ipc ?? raw.disk === undefined, "ipc"),
    logger: options.logger ?? defaultLogger(),
    clock: options.clock ?? systemClock(),
    random: systemRandom(),
    disk: options.disk,
  };
}

function readCheckpoint(value: unknown, profile: "standard" | "edge"): CheckpointTriggers {
  const { records, bytes, every } = readOptions(value, "checkpoint", "checkpoint.", checkpointNames);
  const bytesDefault = profile === "edge" ? 8 * mebi : 64 * mebi;
  return {
    records: readCount(records ?? 3_000_000, "checkpoint.records", 1, Number.MAX_SAFE_INTEGER),
    bytes: readCount(bytes ?? bytesDefault, "checkpoint.bytes", journalBytesMin, Number.MAX_SAFE_INTEGER),
    // `parseDuration` takes any value, and refuses what is neither text nor number.
    everyMs: parseDuration((every ?? 600_000) as string, "checkpoint.every", { minMs: 1 }),
  };
}

function readDurability(value: unknown): Durability {
  if (value === undefined || value === "always") return { kind: "always" };
  if (value === "everysec") return { kind: "everysec" };
  if (typeof value === "string" && value.startsWith("group:")) {
    const ms = parseDuration(value.slice("group:".length), "durability", { minMs: 1, maxMs: groupMsMax });
    return { kind: "group", ms };
  }
  const expected = `Expected durability to be "always", "group:<duration>" or "everysec", got ${describe(value)}`;
  throw optionError("durability", expected, 'Write durability: "group:5ms", for instance');
}
