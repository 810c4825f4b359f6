/** Rows as what a terminal is sent: escape codes for tones, and only what has changed since the last screen. */

import type { Row, Tone } from "./layout/row.ts";

/** How many colours a terminal has. */
export type ColourDepth = "none" | "8" | "256" | "true";

/** What a terminal can show. */
export interface Abilities {
  readonly depth: ColourDepth;
  /** Whether it shows more than ASCII. */
  readonly isUnicode: boolean;
}

type Palette = Readonly<Record<Tone, string>>;

// ECMA-48 SGR: 1 bold, 2 faint, 30-37 colours, 38;5;n of 256, 38;2;r;g;b of all.
const palettes: Readonly<Record<ColourDepth, Palette>> = {
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

/** Rows that stand out. Where there is no background to spare they are shown in reverse, without tones. */
const backgrounds: Readonly<Record<ColourDepth, { readonly bar: string; readonly selected: string }>> = {
  none: { bar: "7", selected: "7" },
  "8": { bar: "7", selected: "7" },
  "256": { bar: "48;5;237", selected: "48;5;239" },
  true: { bar: "48;2;38;42;52", selected: "48;2;52;62;84" },
};

const plainLetters: ReadonlyMap<string, string> = new Map([
  ...[..."▁▂▃▄▅▆▇█"].map((bar, at) => [bar, "_.,-=+*#"[at] ?? "#"] as const),
  ...(["░.", "─-", "│|", "┌+", "┐+", "└+", "┘+", "●o", "✗x", "◌.", "○-", "·.", "›>", "…~", "▏_", "↵^"] as const).map(
    (pair) => [pair[0] ?? "", pair[1] ?? ""] as const,
  ),
  ...(["←<", "→>", "↑^", "↓v"] as const).map((pair) => [pair[0] ?? "", pair[1] ?? ""] as const),
]);

/** Which colours a terminal has, from its environment. https://no-color.org, and COLORTERM for all of them. */
export function abilitiesOf(env: Readonly<Record<string, string | undefined>>, wantsColour: boolean): Abilities {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  // A locale that says nothing is that of a bare container, whose terminal is most likely a modern one.
  const isUnicode = locale === "" || /utf-?8/i.test(locale);
  return { depth: depthOf(env, wantsColour), isUnicode };
}

function depthOf(env: Readonly<Record<string, string | undefined>>, wantsColour: boolean): ColourDepth {
  const { TERM = "", COLORTERM = "", NO_COLOR = "" } = env;
  if (!wantsColour || NO_COLOR !== "" || TERM === "dumb" || TERM.startsWith("vt1") || TERM.startsWith("vt2"))
    return "none";
  if (/^(truecolor|24bit)$/i.test(COLORTERM)) return "true";
  return /256|kitty|alacritty|ghostty/.test(TERM) ? "256" : "8";
}

/** A row with its escape codes; it begins and ends without any tone. */
export function paintRow({ spans, look }: Row, { depth, isUnicode }: Abilities): string {
  const background = look === undefined ? "" : backgrounds[depth][look];
  const isReverse = background === "7";
  let painted = "";
  for (const [text, tone] of spans) {
    const code = isReverse ? background : [background, palettes[depth][tone]].filter((part) => part !== "").join(";");
    const shown = isUnicode ? text : asciiOf(text);
    painted += code === "" ? shown : `\u001b[${code}m${shown}\u001b[0m`;
  }
  return painted;
}

function asciiOf(text: string): string {
  return text.replace(/[^ -~]/gu, (letter) => plainLetters.get(letter) ?? "?");
}

/** Remembers what the terminal shows. */
export class Painter {
  readonly #abilities: Abilities;
  #shown: readonly string[] = [];

  constructor(abilities: Abilities) {
    this.#abilities = abilities;
  }

  /** What has to be written to have the terminal show `rows`; empty when it does. */
  paint(rows: readonly Row[]): string {
    const next = rows.map((row) => paintRow(row, this.#abilities));
    let changed = "";
    for (const [at, text] of next.entries()) {
      // CUP, then the whole row, which is as wide as the screen.
      if (text !== this.#shown[at]) changed += `\u001b[${at + 1};1H${text}`;
    }
    this.#shown = next;
    // Terminals that know synchronized output (mode 2026) show all of it at once; others ignore it.
    return changed === "" ? "" : `\u001b[?2026h${changed}\u001b[?2026l`;
  }

  /** The terminal shows something else, or has another size. */
  forget(): void {
    this.#shown = [];
  }
}
