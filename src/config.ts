/**
 * What `kron.config.{ts,js,mjs,json}` exports. `docs/config.md` describes it for users; how it is found, loaded and
 * checked is in `runtime/config-*.ts`.
 */

import type { LogLevel } from "./core/log-levels.ts";
import type { DurationInput, ScheduleOptions } from "./core/options.ts";
import type { KronOptions } from "./kron-options.ts";

/** Options of a runtime that a configuration may set, by the same names. */
export type RuntimeOptions = Pick<
  KronOptions,
  | "dataDir"
  | "baseDir"
  | "durability"
  | "profile"
  | "concurrency"
  | "queueMax"
  | "checkpoint"
  | "history"
  | "logs"
  | "threads"
  | "snapshot"
  | "segmentBytes"
>;

type Targets = Pick<ScheduleOptions, "module" | "command" | "http">;

/** A timer whose target stands in its definition: exactly one of `module`, `command` and `http`. */
export type DeclaredTimerOptions = Omit<ScheduleOptions, keyof Targets> &
  {
    [Name in keyof Targets]-?: { readonly [Only in Name]: NonNullable<Targets[Name]> } & {
      readonly [Other in Exclude<keyof Targets, Name>]?: undefined;
    };
  }[keyof Targets];

/** A configuration: options of the runtime, and the timers it is to run. */
export interface KronConfig extends RuntimeOptions {
  /**
   * What this configuration is called where several declare timers in one data directory; default the path of its file.
   */
  readonly name?: string | undefined;
  /** The zone of declared `cron` timers that name none; default `"UTC"`. */
  readonly timezone?: string | undefined;
  /** What is logged at least; default `"info"` for `kron runtime start`. */
  readonly logLevel?: LogLevel | undefined;
  /** How long attempts under way have to finish at a stop; default 30 s. */
  readonly drain?: DurationInput | undefined;
  /** Timers by their ids. */
  readonly timers?: Readonly<Record<string, DeclaredTimerOptions>> | undefined;
}

/** Gives `config` back; it is there so that editors know what a configuration may say. */
export function defineConfig(config: KronConfig): KronConfig {
  return config;
}
