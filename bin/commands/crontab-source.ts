/** Where a crontab comes from: a file, standard input, or `crontab -l`. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError, ExitCode } from "../exit-codes.ts";
import { counted, printable } from "../printable.ts";

/** The text of a crontab, and what it is called where its timers are claimed. */
export interface CrontabSource {
  readonly text: string;
  readonly name: string;
}

const bytesMax = 1024 * 1024;
const crontabMsMax = 30_000;
const standardInput = 0;

/** Reads the crontab; `file` is undefined to ask for that of the user. Throws `CommandError`. */
export function crontabSource(file: string | undefined, user: string): CrontabSource {
  if (file === undefined) return { text: decoded(listed(), "crontab -l"), name: `crontab of ${user}` };
  const isInput = file === "-";
  const path = isInput ? "standard input" : resolve(file);
  return { text: decoded(bytesOf(isInput ? standardInput : path, path), path), name: `crontab ${path}` };
}

function bytesOf(file: number | string, name: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const exitCode = code === "ENOENT" ? ExitCode.NOT_FOUND : ExitCode.FAILURE;
    throw new CommandError(exitCode, `Expected to read ${printable(name)}: ${message}`);
  }
}

function listed(): Uint8Array {
  try {
    return execFileSync("crontab", ["-l"], {
      maxBuffer: bytesMax + 1,
      timeout: crontabMsMax,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: Buffer };
    const why = stderr?.toString("utf8").trim() || message;
    throw new CommandError(ExitCode.NOT_FOUND, `Expected crontab -l to print a crontab: ${printable(why)}`);
  }
}

function decoded(bytes: Uint8Array, name: string): string {
  if (bytes.length > bytesMax) {
    throw new CommandError(ExitCode.USAGE, `Expected at most ${counted(bytesMax, "byte")} in ${printable(name)}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // The decoder says no more than that it is none.
    throw new CommandError(ExitCode.USAGE, `Expected ${printable(name)} to be UTF-8`);
  }
}
