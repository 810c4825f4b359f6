/**
 * What a terminal sends as keys, clicks and pastes. Sequences may come in pieces; an escape by itself is the key only
 * when nothing follows it for a while, which is for the caller to say with `flush`. References: ECMA-48, and the control
 * sequences of xterm (SGR mouse mode 1006, bracketed paste 2004).
 */

/** One thing that came. Columns and rows count from 0. */
export type Input =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "click"; readonly column: number; readonly row: number }
  | { readonly kind: "paste"; readonly text: string };

const ESC = "\u001b";
const pasteEnd = `${ESC}[201~`;
const pasteLengthMax = 10_000;
/** Longer than any sequence that is known; what grows beyond it is dropped. */
const sequenceLengthMax = 64;

const finalKeys: ReadonlyMap<string, string> = new Map([
  ...([
    ["A", "up"],
    ["B", "down"],
    ["C", "right"],
    ["D", "left"],
    ["H", "home"],
    ["F", "end"],
  ] as const),
  ...([
    ["Z", "shift-tab"],
    ["P", "f1"],
  ] as const),
]);
const numberedKeys: ReadonlyMap<string, string> = new Map([
  ...([
    ["1", "home"],
    ["7", "home"],
    ["4", "end"],
    ["8", "end"],
    ["5", "pageup"],
    ["6", "pagedown"],
  ] as const),
  ...([
    ["3", "delete"],
    ["11", "f1"],
  ] as const),
]);
const controlKeys: ReadonlyMap<string, string> = new Map([
  ...([
    ["\r", "enter"],
    ["\n", "enter"],
    ["\t", "tab"],
    ["\u007f", "backspace"],
    ["\b", "backspace"],
  ] as const),
]);

/** Takes bytes as text and gives what they mean. */
export class KeyDecoder {
  #pending = "";
  /** The text of a paste under way. */
  #paste: string | undefined;

  /** Whether an escape waits for what may follow it. */
  get isWaiting(): boolean {
    return this.#pending !== "";
  }

  push(text: string): Input[] {
    const inputs: Input[] = [];
    this.#pending += text;
    while (this.#pending !== "") {
      const used = this.#paste === undefined ? this.#take(inputs) : this.#takePaste(inputs);
      if (used === 0) break;
      this.#pending = this.#pending.slice(used);
    }
    return inputs;
  }

  /** Nothing follows. */
  flush(): Input[] {
    const isEscape = this.#pending === ESC;
    if (this.#paste === undefined) this.#pending = "";
    return isEscape ? [{ kind: "key", key: "escape" }] : [];
  }

  /** The number of characters that were understood; 0 when more are needed. */
  #take(inputs: Input[]): number {
    const text = this.#pending;
    if (text[0] !== ESC) {
      const [first = ""] = text;
      const key = keyOf(first);
      if (key !== "") inputs.push({ kind: "key", key });
      return first.length;
    }
    if (text.length === 1) return 0;
    if (text[1] !== "[" && text[1] !== "O") {
      // Alt with a key comes as an escape before it; we know no such keys, and an escape may be meant.
      inputs.push({ kind: "key", key: "escape" });
      return 1;
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what terminals send
    const match = /^\u001b(?:\[([<?]?[\d;]*)|O)([@-~])/.exec(text);
    if (match === null) return text.length < sequenceLengthMax ? 0 : text.length;
    const [whole, parameters = "", final = ""] = match;
    if (final === "~" && parameters === "200") this.#paste = "";
    else this.#takeSequence(parameters, final, inputs);
    return whole.length;
  }

  #takeSequence(parameters: string, final: string, inputs: Input[]): void {
    if (parameters.startsWith("<")) {
      const input = mouseInput(parameters.slice(1), final);
      if (input !== undefined) inputs.push(input);
      return;
    }
    const key = final === "~" ? numberedKeys.get(parameters.split(";")[0] ?? "") : finalKeys.get(final);
    if (key !== undefined) inputs.push({ kind: "key", key });
  }

  #takePaste(inputs: Input[]): number {
    const end = this.#pending.indexOf(pasteEnd);
    // The end may have come in part.
    const used = end >= 0 ? end : Math.max(0, this.#pending.length - pasteEnd.length + 1);
    this.#paste = `${this.#paste ?? ""}${this.#pending.slice(0, used)}`.slice(0, pasteLengthMax);
    if (end < 0) return used;
    inputs.push({ kind: "paste", text: this.#paste });
    this.#paste = undefined;
    return used + pasteEnd.length;
  }
}

function keyOf(character: string): string {
  const known = controlKeys.get(character);
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  if (code === 0 || (code >= 0x7f && code < 0xa0)) return "";
  return code < 0x20 ? `ctrl-${String.fromCharCode(code + 0x60)}` : character;
}

/** Buttons 64 and 65 are the wheel; releases and moves say nothing. */
function mouseInput(parameters: string, final: string): Input | undefined {
  const [button = -1, x = 0, y = 0] = parameters.split(";").map(Number);
  if (button === 64) return { kind: "key", key: "wheelup" };
  if (button === 65) return { kind: "key", key: "wheeldown" };
  return button === 0 && final === "M" ? { kind: "click", column: x - 1, row: y - 1 } : undefined;
}
