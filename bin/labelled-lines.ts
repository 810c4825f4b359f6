/**
 * Lists of labels with what there is to say about each, one a line. On a terminal a text that is too long goes on below its
 * beginning, so that the labels stay apart; elsewhere it stays on its line.
 */

import { displayWidth } from "../src/core/display-width.ts";
import type { Output } from "./output.ts";

/** A label and its text, which must be printable. */
export type LabelledText = readonly [label: string, text: string];

/** Where texts begin behind labels of up to ten letters. */
const labelWidth = 11;
/** Less than this beside the labels is no room for words: then the terminal breaks the lines. */
const textWidthMin = 16;

/** Prints the list, its texts in column `column`. Throws `OutputClosed`. */
export function printLabelled(output: Output, list: readonly LabelledText[], column = labelWidth): void {
  for (const [label, text] of list) printHanging(output, label.padEnd(column), text);
}

/** Prints `start` and then `text`, which goes on below its beginning where the terminal ends. Throws `OutputClosed`. */
export function printHanging(output: Output, start: string, text: string): void {
  const { width } = output.options;
  const indent = displayWidth(start);
  const lines = width === undefined || width - indent < textWidthMin ? [text] : wrapped(text, width - indent);
  for (const [at, line] of lines.entries()) output.line((at === 0 ? start : " ".repeat(indent)) + line);
}

/** `text` in lines of at most `width` columns, broken at spaces; a longer word (a path, a checksum) has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  // Spaces that are not where a line is broken are kept: two of them stand before how far away a time is.
  for (const [, spaces = "", word = ""] of text.matchAll(/( *)([^ ]+)/g)) {
    if (line === "") line = word;
    else if (displayWidth(line + spaces + word) <= width) line += spaces + word;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}
