import { equal, is, ok } from "uvu/assert";
import { type Input, KeyDecoder } from "../../src/tui/keys.ts";
import { row } from "../../src/tui/layout/row.ts";
import { abilitiesOf, Painter, paintRow } from "../../src/tui/paint.ts";
import { suite } from "../support/suite.ts";

const test = suite("tui terminal");

function keysOf(...pieces: readonly string[]): string[] {
  const decoder = new KeyDecoder();
  const inputs: Input[] = pieces.flatMap((piece) => decoder.push(piece));
  return [...inputs, ...decoder.flush()].map((input) => {
    if (input.kind === "key") return input.key;
    return input.kind === "click" ? `click ${input.column},${input.row}` : `paste ${input.text}`;
  });
}

test("keys are read by their names", () => {
  equal(keysOf("aÄ\r\t\u007f\u0003 😀"), ["a", "Ä", "enter", "tab", "backspace", "ctrl-c", " ", "😀"]);
  equal(keysOf("\u001b[A\u001b[B\u001bOC\u001b[D"), ["up", "down", "right", "left"]);
  equal(keysOf("\u001b[5~\u001b[6~\u001b[1~\u001b[4~\u001b[H\u001b[F\u001b[Z"), [
    ...["pageup", "pagedown", "home", "end", "home", "end", "shift-tab"],
  ]);
  equal(keysOf("\u001b[1;5A"), ["up"]);
});

test("a sequence may come in pieces, and an escape by itself is the key", () => {
  equal(keysOf("\u001b", "[", "A"), ["up"]);
  equal(keysOf("\u001b"), ["escape"]);
  equal(keysOf("\u001bq"), ["escape", "q"]);
  equal(keysOf("\u001b\u001b[A"), ["escape", "up"]);
});

test("what is not known is dropped, however long", () => {
  equal(keysOf("\u001b[999~a"), ["a"]);
  equal(keysOf(`\u001b[${"1;".repeat(100)}`, "a"), ["a"]);
  equal(keysOf("\u0000\u0085a"), ["a"]);
});

test("clicks, the wheel and pastes are told apart", () => {
  equal(keysOf("\u001b[<0;10;5M\u001b[<0;10;5m\u001b[<64;1;1M\u001b[<65;1;1M"), ["click 9,4", "wheelup", "wheeldown"]);
  equal(keysOf("\u001b[200~q\u001b[A\u001b[20", "1~x"), ["paste q\u001b[A", "x"]);
});

test("letters beyond ASCII are shown where the locale has them", () => {
  is(abilitiesOf({ LANG: "C" }, "8").isUnicode, false);
  is(abilitiesOf({ LANG: "C.UTF-8" }, "8").isUnicode, true);
  is(abilitiesOf({}, "256").isUnicode, true);
});

test("a row is painted in the tones of each depth", () => {
  const line = row(["bad", "bad"], "plain");
  const paint = (depth: "none" | "8" | "256" | "true") => paintRow(line, { depth, isUnicode: true });
  is(paint("8"), "\u001b[31mbad\u001b[0mplain");
  is(paint("256"), "\u001b[38;5;203mbad\u001b[0mplain");
  ok(paint("true").startsWith("\u001b[38;2;240;100;100mbad"));
  // No colours, and yet one can see what is bad and what is selected.
  is(paint("none"), "\u001b[1mbad\u001b[0mplain");
  is(
    paintRow({ ...line, look: "selected" }, { depth: "none", isUnicode: true }),
    "\u001b[7mbad\u001b[0m\u001b[7mplain\u001b[0m",
  );
});

test("a terminal without Unicode gets ASCII of the same width", () => {
  is(paintRow(row("›▁█│●✗…ü"), { depth: "none", isUnicode: false }), ">_#|ox~?");
});

test("only rows that have changed are painted again", () => {
  const painter = new Painter({ depth: "none", isUnicode: true });
  ok(painter.paint([row("a"), row("b")]).includes("\u001b[1;1Ha\u001b[2;1Hb"));
  is(painter.paint([row("a"), row("b")]), "");
  is(painter.paint([row("a"), row("c")]), "\u001b[?2026h\u001b[2;1Hc\u001b[?2026l");
  painter.forget();
  ok(painter.paint([row("a"), row("c")]).includes("\u001b[1;1Ha"));
});

test("what a terminal would act on does not reach it", async () => {
  const { cell, filled } = await import("../../src/tui/layout/row.ts");
  is(cell("a\u001b[2Jb\u202e", 8), "a·[2Jb· ");
  equal(filled(row("a\u0007\nb"), 4).spans, [["a··b", "plain"]]);
});

test.run();
