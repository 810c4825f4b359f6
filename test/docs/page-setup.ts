/** What a page needs to be run, beyond what stands in it. */

import type { Scratch } from "./scratch.ts";

/**
 * The setting of one page; `test/docs/pages/<name>.ts` exports it as `setup`, and whatever else it exports is there for
 * the page's code by name. Keys are beginnings of commands, and each must fit a command of the page.
 */
export interface PageSetup {
  /** Before the first block. */
  readonly setUp?: (scratch: Scratch) => void | Promise<void>;
  /** Before a command. */
  readonly before?: Readonly<Record<string, (scratch: Scratch) => void | Promise<void>>>;
  /** Commands that go on until the page is over, with what they print once they are under way. */
  readonly stays?: Readonly<Record<string, RegExp>>;
  /** Exit codes other than 0. */
  readonly exits?: Readonly<Record<string, number>>;
  /** Timers of the page's code that are not triggered once it has run, with the reason. */
  readonly untriggered?: Readonly<Record<string, string>>;
}

/** The entry of `table` whose key `command` begins with. */
export function entryFor<Value>(
  table: Readonly<Record<string, Value>> | undefined,
  command: string,
): Value | undefined {
  const key = Object.keys(table ?? {}).find((beginning) => command.startsWith(beginning));
  return key === undefined ? undefined : table?.[key];
}
