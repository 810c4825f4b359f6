/**
 * The logger of a runtime that was given none: JSON lines on stderr, written by pino.
 *
 * Pino is loaded when the first line is to be written, so that a runtime with nothing to say never pays for
 * it, and loaded without blocking. Lines that come before it is there are kept and written in order, with the
 * time at which they were logged; when the process exits first, pino is loaded on the spot and writes them.
 */

import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { inspect } from "node:util";
import { quote } from "./core/describe.ts";
import { type LogLevel, logLevels, logRanks } from "./core/log-levels.ts";
import type { Logger } from "./ports.ts";
import { systemClock } from "./system.ts";

/** One line to be written. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
  /** Wall-clock time at which it was logged. */
  readonly atMs: number;
}

/** Writes one line, now. */
export type WriteLine = (line: LogLine) => void;

/** Where a lazy logger gets its writer from, when it needs one. */
export interface WriterSource {
  /** The writer, without blocking. */
  load(): Promise<WriteLine>;
  /** The same, blocking; for a process that is about to end. */
  loadNow(): WriteLine;
}

type PinoFactory = typeof import("pino")["pino"];

/** Lines kept while the writer loads; one more, and it is loaded on the spot. */
const linesKeptMax = 1_000;
const stderr = 2;

/**
 * A logger that writes to stderr what is at least as grave as `KRON_LOG_LEVEL` says: `trace`, `debug`, `info`, `warn`
 * (the default), `error`, `fatal` or `silent`. A level that does not exist is reported, and counts as `warn`.
 */
export function defaultLogger(environment: Readonly<Record<string, string | undefined>> = process.env): Logger {
  const wanted = environment.KRON_LOG_LEVEL || "warn";
  const level = levelOf(wanted);
  const logger = lazyLogger(level ?? "warn", pinoSource);
  if (level === undefined)
    logger.warn({ expected: logLevels }, `KRON_LOG_LEVEL is ${quote(wanted)}, which is no level; using "warn"`);
  return logger;
}

/** A logger that asks `source` for its writer at the first line of at least `level`, and not before. */
export function lazyLogger(level: LogLevel, source: WriterSource): Logger {
  const clock = systemClock();
  const writer = new LazyWriter(source);
  const log = (lineLevel: LogLine["level"]) => (fields: object, message: string) => {
    if (logRanks[lineLevel] >= logRanks[level])
      writer.write({ level: lineLevel, fields, message, atMs: clock.nowMs() });
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

function levelOf(name: string): LogLevel | undefined {
  return logLevels.find((one) => one === name.toLowerCase());
}

/** Keeps lines until there is a writer for them. */
class LazyWriter {
  readonly #source: WriterSource;
  readonly #kept: LogLine[] = [];
  readonly #loadNow = (): void => this.#use(this.#source.loadNow());
  #write: WriteLine | undefined;

  constructor(source: WriterSource) {
    this.#source = source;
  }

  write(line: LogLine): void {
    if (this.#write !== undefined) {
      this.#write(line);
      return;
    }
    this.#kept.push(line);
    if (this.#kept.length === 1) this.#start();
    else if (this.#kept.length > linesKeptMax) this.#loadNow();
  }

  #start(): void {
    process.once("exit", this.#loadNow);
    this.#source.load().then((write) => this.#use(write), this.#loadNow);
  }

  #use(write: WriteLine): void {
    process.off("exit", this.#loadNow);
    // Loading may end after the lines have been written on the spot.
    this.#write ??= write;
    for (const line of this.#kept.splice(0)) this.#write(line);
  }
}

/** Pino, or plain text in the same place when it cannot be loaded, as in an application bundled without it. */
const pinoSource: WriterSource = {
  load: async () => pinoWriter((await import("pino")).pino),
  loadNow: () => {
    try {
      return pinoWriter((createRequire(import.meta.url)("pino") as { pino: PinoFactory }).pino);
    } catch (error) {
      return plainWriter(error);
    }
  },
};

function pinoWriter(pino: PinoFactory): WriteLine {
  let atMs = 0;
  const logger = pino(
    {
      // What is too light has been left out before.
      level: "trace",
      base: { name: "kron", pid: process.pid },
      serializers: { error: pino.stdSerializers.err },
      timestamp: () => `,"time":${atMs}`,
    },
    // A write that waited for a later turn would be lost when the process ends in this one.
    pino.destination({ dest: stderr, sync: true }),
  );
  return (line) => {
    atMs = line.atMs;
    logger[line.level](line.fields, line.message);
  };
}

/** A writer that needs no package; says once why it had to step in. */
export function plainWriter(reason: unknown): WriteLine {
  let isFirst = true;
  return ({ level, fields, message, atMs }) => {
    const why = isFirst ? ` (pino did not load: ${quote(String(reason))})` : "";
    isFirst = false;
    const shown = inspect(fields, { breakLength: Number.POSITIVE_INFINITY });
    writeSync(stderr, `${atMs} kron ${level}: ${quote(message)} ${shown}${why}\n`);
  };
}
