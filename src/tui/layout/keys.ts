/** The keys that are good for something where one is, for the last line, and all of them for the help. */

import type { Model } from "../model/model.ts";

type KeyHint = readonly [key: string, what: string];

const everywhere: readonly KeyHint[] = [
  [":", "more"],
  ["?", "help"],
  ["q", "quit"],
];

/** What stands in the last line, the most useful first. */
export function keysOf({ view, overlay, events }: Model): readonly KeyHint[] {
  switch (overlay.kind) {
    case "confirm":
      return [
        ["y", "yes"],
        ["n", "no"],
      ];
    case "filter":
      return [
        ["↵", "keep"],
        ["Esc", "back to all"],
      ];
    case "palette":
      return [
        ["↵", "do it"],
        ["Esc", "close"],
      ];
    case "help":
      return [["Esc", "close"]];
    default:
      return [...viewKeys(view, events.isPaused), ...everywhere];
  }
}

function viewKeys(view: Model["view"], isPaused: boolean): readonly KeyHint[] {
  switch (view) {
    case "timers":
      return [
        ...[["↵", "open"] as const, ["/", "filter"] as const, ["s", "sort"] as const, ["f", "state"] as const],
        ...[["t", "trigger"] as const, ["p", "pause"] as const],
      ];
    case "detail":
      return [
        ...[["Esc", "back"] as const, ["t", "trigger"] as const, ["p", "pause"] as const, ["R", "retry"] as const],
        ["x", "cancel run"],
      ];
    case "timeline":
      return [
        ["+", "nearer"],
        ["-", "further"],
      ];
    case "runs":
      return [
        ["↵", "timer"],
        ["x", "cancel run"],
      ];
    case "apps":
      return [["L", "reload app"]];
    case "events":
      return [["Space", isPaused ? "go on" : "pause"]];
    default:
      return [
        ["2", "timers"],
        ["/", "find"],
        ["C", "compact"],
      ];
  }
}

/** All keys, by what they are about. */
export const allKeys: readonly (readonly [about: string, keys: readonly KeyHint[]])[] = [
  [
    "Anywhere",
    [
      ["1-6  Tab  ← →", "views"],
      ["↑ ↓  j k", "one line"],
      ["PgUp PgDn", "one page"],
      ["g G  Home End", "first, last"],
      ["/", "find a timer"],
      [":", "commands"],
      ["C", "compact the journal"],
      ["L", "reload the app"],
      ["q  Ctrl-C", "quit"],
    ],
  ],
  [
    "Timers",
    [
      ["↵", "open"],
      ["s S", "order, other way round"],
      ["f", "only one state"],
      ["Esc", "all again"],
      ["t", "trigger"],
      ["p", "pause, resume"],
      ["R", "retry the last run"],
      ["X", "cancel the timer"],
      ["x", "cancel a run"],
    ],
  ],
];
