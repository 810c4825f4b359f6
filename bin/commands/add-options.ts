/** The words of `kron job add` as options of `schedule()`, which judges them. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { RawOptions } from "../../src/core/option-reader.ts";
import { CommandError, ExitCode } from "../exit-codes.ts";
import { readPayloadOption } from "../payload-option.ts";
import { shortened } from "../printable.ts";

/** Options of `kron job add`, as commander hands them over; nouns/schedule-options.ts says what each is. */
export interface AddOptions extends Readonly<Partial<Record<TextOption, string>>> {
  /** False with `--no-retry-jitter`. */
  readonly retryJitter?: boolean;
  readonly header?: readonly string[];
  readonly env?: readonly string[];
  readonly shell?: boolean;
}

type TextOption =
  | ("cron" | "every" | "after" | "at" | "timezone" | "dst" | "dayMatch" | "overlap" | "timeout" | "grace")
  | ("retry" | "backoff" | "retryBase" | "retryCap" | "misfire" | "misfireWithin" | "misfireMax")
  | ("jitter" | "jitterMode" | "concurrency" | "historyCount" | "historyAge" | "historyBytes" | "payload")
  | ("module" | "export" | "isolate" | "maxHeap" | "maxRunsPerWorker" | "maxMemory")
  | ("http" | "method" | "body" | "success" | "cwd");

/** What `schedule()` is to be given. Throws a `CommandError` for what cannot be said in its options at all. */
export function addedOptions(options: AddOptions, words: readonly string[]): RawOptions {
  const { cron, every, after, at, timezone, dst, dayMatch, overlap, timeout, grace } = options;
  const given = {
    ...{ cron, every, after, at, timezone, dst, dayMatch, overlap, timeout, grace },
    concurrency: numberOf(options.concurrency, "--concurrency"),
    retry: retryOf(options),
    misfire: misfireOf(options),
    jitter: jitterOf(options),
    history: present({
      count: numberOf(options.historyCount, "--history-count"),
      age: options.historyAge,
      bytes: numberOf(options.historyBytes, "--history-bytes"),
    }),
    payload: readPayloadOption(options.payload),
    ...targetOf(options, words),
  };
  return present(given) ?? {};
}

function retryOf(options: AddOptions): RawOptions | undefined {
  return present({
    maxAttempts: numberOf(options.retry, "--retry"),
    backoff: options.backoff,
    base: options.retryBase,
    cap: options.retryCap,
    jitter: options.retryJitter === false ? false : undefined,
  });
}

function misfireOf({ misfire: mode, misfireWithin: within, misfireMax }: AddOptions): RawOptions | undefined {
  return present({ mode, within, max: numberOf(misfireMax, "--misfire-max") });
}

function jitterOf({ jitter: max, jitterMode: mode }: AddOptions): RawOptions | undefined {
  return present({ max, mode });
}

function targetOf(options: AddOptions, words: readonly string[]): RawOptions {
  const { module: path, http, shell } = options;
  const heap = numberOf(options.maxHeap, "--max-heap");
  const isCommand = words.length > 0 || shell === true;
  if ([path !== undefined, http !== undefined, isCommand].filter(Boolean).length !== 1) {
    throw new CommandError(
      ExitCode.USAGE,
      "Expected exactly one of --module, --http and a command to say what is executed",
      "Write the command last, behind --: kron job add backup --every 1h -- ./backup.sh",
    );
  }
  return {
    // What a path is relative to is clear here, and would not be where the runtime stands.
    module: path === undefined || path.startsWith("file:") ? path : pathToFileURL(resolve(path)).href,
    ...{ export: options.export, isolate: options.isolate, maxMemory: options.maxMemory },
    maxRunsPerWorker: numberOf(options.maxRunsPerWorker, "--max-runs-per-worker"),
    resourceLimits: heap === undefined ? undefined : { maxOldGenerationSizeMb: heap },
    http: requestOf(options),
    command: isCommand ? (shell === true ? words.join(" ") : words) : undefined,
    shell,
    cwd: isCommand ? resolve(options.cwd ?? ".") : options.cwd,
    env:
      options.env === undefined ? undefined : Object.fromEntries(options.env.map((one) => pairOf(one, "=", "--env"))),
  };
}

function requestOf({ http: url, method, header, body, success }: AddOptions): RawOptions | undefined {
  const headers =
    header === undefined ? undefined : Object.fromEntries(header.map((one) => pairOf(one, ":", "--header")));
  const request = present({
    ...{ method: method?.toUpperCase(), headers, body: body === undefined ? undefined : bodyOf(body) },
    success: success?.split(",").map((code) => code.trim()),
  });
  if (url !== undefined) return { url, ...request };
  if (request === undefined) return undefined;
  throw new CommandError(ExitCode.USAGE, "Expected --method, --header, --body and --success only together with --http");
}

/** An object of JSON is sent as such; any other text as it is. */
function bodyOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : text;
  } catch {
    // It is no JSON, and is not meant to be.
    return text;
  }
}

function pairOf(text: string, separator: string, option: string): [name: string, value: string] {
  const at = text.indexOf(separator);
  if (at > 0) return [text.slice(0, at).trim(), separator === ":" ? text.slice(at + 1).trim() : text.slice(at + 1)];
  // The value may be a secret that was put in the wrong place, so nothing of it is repeated.
  throw new CommandError(ExitCode.USAGE, `Expected ${option} to be a name, ${separator} and a value`);
}

function numberOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new CommandError(ExitCode.USAGE, `Expected ${option} to be a whole number, got "${shortened(text, 60)}"`);
}

/** Without members that are undefined; undefined when none is left. */
function present(members: RawOptions): RawOptions | undefined {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
