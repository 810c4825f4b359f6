/** Rows as what a terminal is sent: escape codes for tones, and only what has changed since the last screen. */

import { type ColourDepth, hasUnicode, type TerminalEnvironment, toneCode } from "../core/palette.ts";
import type { Row } from "./layout/row.ts";

/** What a terminal can show. */
export interface Abilities {
  readonly depth: ColourDepth;
  /** Whether it shows more than ASCII. */
  readonly isUnicode: boolean;
}

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

/** What a terminal with these colours can show besides, from its environment. */
export function abilitiesOf(env: TerminalEnvironment, depth: ColourDepth): Abilities {
  return { depth, isUnicode: hasUnicode(env) };
}

/** A row with its escape codes; it begins and ends without any tone. */
export function paintRow({ spans, look }: Row, { depth, isUnicode }: Abilities): string {
  const background = look === undefined ? "" : backgrounds[depth][look];
  const isReverse = background === "7";
  let painted = "";
  for (const [text, tone] of spans) {
    const code = isReverse ? background : [background, toneCode(tone, depth)].filter((part) => part !== "").join(";");
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
