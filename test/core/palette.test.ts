import { is } from "uvu/assert";
import { colourDepth, hasUnicode, terminalDepth, toneCode, toneOf } from "../../src/core/palette.ts";
import { suite } from "../support/suite.ts";

const test = suite("palette");

test("colours are those that the terminal has", () => {
  is(terminalDepth({ TERM: "xterm-256color", COLORTERM: "truecolor" }), "true");
  is(terminalDepth({ TERM: "screen-256color" }), "256");
  is(terminalDepth({ TERM: "xterm" }), "8");
  is(terminalDepth({ TERM: "vt100" }), "none");
  is(terminalDepth({ TERM: "vt220" }), "none");
  is(terminalDepth({ TERM: "dumb", COLORTERM: "truecolor" }), "none");
  is(terminalDepth({}), "8");
});

test("colours are used on terminals alone, unless something says otherwise", () => {
  const depth = (env: Record<string, string>, isTerminal = true) => colourDepth(env, isTerminal, undefined);
  is(depth({ TERM: "xterm" }), "8");
  is(depth({ TERM: "xterm" }, false), "none");
  is(depth({ TERM: "xterm", NO_COLOR: "1" }), "none");
  is(depth({ TERM: "xterm", NO_COLOR: "" }), "8");
  is(depth({ TERM: "xterm", NO_COLOR: "1", FORCE_COLOR: "1" }), "none");
  is(depth({ TERM: "xterm-256color", FORCE_COLOR: "" }, false), "256");
  is(depth({ TERM: "dumb", FORCE_COLOR: "true" }, false), "8");
  is(depth({ TERM: "xterm-256color", FORCE_COLOR: "1" }, false), "8");
  is(depth({ FORCE_COLOR: "2" }, false), "256");
  is(depth({ FORCE_COLOR: "3" }, false), "true");
  is(depth({ TERM: "xterm", FORCE_COLOR: "0" }), "none");
  is(depth({ TERM: "xterm", FORCE_COLOR: "false" }), "none");
});

test("a flag has the last word on colours", () => {
  is(colourDepth({ TERM: "xterm", FORCE_COLOR: "3" }, true, false), "none");
  is(colourDepth({ TERM: "xterm", NO_COLOR: "1" }, false, true), "8");
  is(colourDepth({ TERM: "xterm-256color", FORCE_COLOR: "0" }, false, true), "256");
  is(colourDepth({ TERM: "xterm", FORCE_COLOR: "3" }, false, true), "true");
  is(colourDepth({ TERM: "dumb" }, false, true), "8");
});

test("tones look different, and words have theirs", () => {
  is(toneCode("bad", "8"), "31");
  is(toneCode("bad", "256"), "38;5;203");
  is(toneCode("plain", "true"), "");
  is(toneOf("DEAD"), "bad");
  is(toneOf("running"), "good");
  is(toneOf("scheduled"), "plain");
});

test("letters beyond ASCII are shown where the locale has them, or says nothing", () => {
  is(hasUnicode({}), true);
  is(hasUnicode({ LANG: "C" }), false);
  is(hasUnicode({ LANG: "C", LC_CTYPE: "en_US.utf8" }), true);
  is(hasUnicode({ LANG: "C.UTF-8", LC_ALL: "POSIX" }), false);
});

test.run();
