/** The options of an output that is no terminal: nothing is cut, coloured or shown in passing. */

import type { OutputOptions } from "../../bin/output.ts";

/** They, for people; for programs with `isJson` set. */
export const plainOutput: OutputOptions = {
  isJson: false,
  depth: "none",
  messageDepth: "none",
  width: undefined,
  messageWidth: undefined,
  showsProgress: false,
  isUnicode: true,
};
