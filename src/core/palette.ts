/** What tones look like, for the live view and for what other commands print: escape codes by the colours a terminal has. */

/** What a piece of text says by its looks. */
export type Tone = "plain" | "dim" | "strong" | "title" | "good" | "warn" | "bad" | "info" | "accent";

/** How many colours a terminal has. */
export type ColourDepth = "none" | "8" | "256" | "true";

/** The environment, as far as it says what a terminal can do. */
export type TerminalEnvironment = Readonly<Record<string, string | undefined>>;

// ECMA-48 SGR: 1 bold, 2 faint, 30-37 colours, 38;5;n of 256, 38;2;r;g;b of all.
const palettes: Readonly<Record<ColourDepth, Readonly<Record<Tone, string>>>> = {
  none: { ...{ plain: "", dim: "2", strong: "1", title: "1", good: "", warn: "1", bad: "1", info: "", accent: "1" } },
  "8": {
    ...{ plain: "", dim: "2", strong: "1", title: "1;36", good: "32", warn: "33", bad: "31", info: "36", accent: "35" },
  },
  "256": {
    ...{ plain: "", dim: "38;5;245", strong: "1", title: "1;38;5;80", good: "38;5;114", warn: "38;5;221" },
    ...{ bad: "38;5;203", info: "38;5;80", accent: "38;5;176" },
  },
  true: {
    ...{ plain: "", dim: "38;2;138;143;152", strong: "1", title: "1;38;2;86;200;216", good: "38;2;126;206;138" },
    ...{ warn: "38;2;235;203;110", bad: "38;2;240;100;100", info: "38;2;86;200;216", accent: "38;2;214;140;220" },
  },
};

const tones: ReadonlyMap<string, Tone> = new Map<string, Tone>([
  ...(["running", "SUCCEEDED", "ready", "S"] as const).map((word) => [word, "good"] as const),
  ...(["retrying", "waiting", "orphaned", "MISSED", "SKIPPED_OVERLAP", "M", "O"] as const).map(
    (word) => [word, "warn"] as const,
  ),
  ...(["dead", "DEAD", "FAILED", "TIMED_OUT", "LOST", "failed", "D"] as const).map((word) => [word, "bad"] as const),
  ...(["paused", "starting", "draining"] as const).map((word) => [word, "info"] as const),
  ...(["completed", "cancelled", "CANCELLED", "C"] as const).map((word) => [word, "dim"] as const),
]);

/** The tone of a state of a timer or run, or of an outcome. */
export function toneOf(word: string): Tone {
  return tones.get(word) ?? "plain";
}

/** The SGR parameters of a tone, such as `1;36`; empty when it looks like any other text. */
export function toneCode(tone: Tone, depth: ColourDepth): string {
  return palettes[depth][tone];
}

/** The colours that a terminal has, from its environment; COLORTERM says all of them. */
export function terminalDepth({ TERM = "", COLORTERM = "" }: TerminalEnvironment): ColourDepth {
  if (TERM === "dumb" || TERM.startsWith("vt1") || TERM.startsWith("vt2")) return "none";
  if (/^(truecolor|24bit)$/i.test(COLORTERM)) return "true";
  return /256|kitty|alacritty|ghostty/.test(TERM) ? "256" : "8";
}

/** Whether a terminal shows more than ASCII, by its locale. */
export function hasUnicode({ LC_ALL, LC_CTYPE, LANG }: TerminalEnvironment): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || "";
  // A locale that says nothing is that of a bare container, whose terminal is most likely a modern one.
  return locale === "" || /utf-?8/i.test(locale);
}

/**
 * The colours to use: none where they were switched off or nobody looks at them. A flag (`--color`, `--no-color`) has the
 * last word, then NO_COLOR (https://no-color.org), then FORCE_COLOR, which may say how many as it does for Node.
 */
export function colourDepth(env: TerminalEnvironment, isTerminal: boolean, flag: boolean | undefined): ColourDepth {
  if (flag === false) return "none";
  const { NO_COLOR = "", FORCE_COLOR } = env;
  if (flag === undefined && NO_COLOR !== "") return "none";
  const own = terminalDepth(env);
  if (FORCE_COLOR !== undefined) {
    const forced = forcedDepth(FORCE_COLOR, own);
    if (forced !== "none" || flag === undefined) return forced;
  }
  if (flag === true) return own === "none" ? "8" : own;
  return isTerminal ? own : "none";
}

function forcedDepth(text: string, own: ColourDepth): ColourDepth {
  switch (text) {
    case "0":
    case "false":
      return "none";
    case "1":
      return "8";
    case "2":
      return "256";
    case "3":
      return "true";
    default:
      return own === "none" ? "8" : own;
  }
}
