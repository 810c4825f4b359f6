/** Options whose value is one of a few words: help and completion show the words, and others are refused with a hint. */

import { Option } from "commander";
import { didYouMean } from "../src/core/suggest.ts";
import { CommandError, ExitCode } from "./exit-codes.ts";
import { shortened } from "./printable.ts";

/** An option that takes one of `words`, in whatever case it is typed. */
export function choiceOption(flags: string, description: string, words: readonly string[]): Option {
  const option = withWords(flags, description, words);
  return option.argParser((text: string) => known(option, text, words));
}

/** An option that takes one or several of `words`, separated by commas. */
export function choicesOption(flags: string, description: string, words: readonly string[]): Option {
  const option = withWords(flags, description, words);
  return option.argParser((text: string) => text.split(",").map((word) => known(option, word, words)));
}

/** An option that takes one of `words` or something else, which whoever uses it reads: the words are only shown. */
export function hintedOption(flags: string, description: string, words: readonly string[]): Option {
  return withWords(flags, description, words);
}

function withWords(flags: string, description: string, words: readonly string[]): Option {
  const option = new Option(flags, description);
  option.argChoices = [...words];
  return option;
}

function known({ long }: Option, text: string, words: readonly string[]): string {
  const wanted = text.trim().toLowerCase();
  const word = words.find((one) => one.toLowerCase() === wanted);
  if (word !== undefined) return word;
  throw new CommandError(
    ExitCode.USAGE,
    `Expected ${long} to be one of ${words.join(", ")}, got "${shortened(text, 60)}"`,
    didYouMean(text, words),
  );
}
