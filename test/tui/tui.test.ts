import { join } from "node:path";
import { is, match, ok } from "uvu/assert";
import { kron, scratchDirectory } from "../bin/command-line.ts";
import { type LiveProcess, startRuntime } from "../bin/live-process.ts";
import { Supervised } from "../supervise/supervised.ts";
import { suite } from "../support/suite.ts";
import { hasTmux, Terminal } from "./tmux.ts";

const test = suite("kron tui", 60_000);

const dataDir = join(scratchDirectory(), "data");
let runtime: LiveProcess;
let terminal: Terminal;

const tui = ["tui", "--data-dir", dataDir];

/** The terminal is as it was before: its own screen, its cursor, its lines; and no mouse. */
function assertGivenBack(): void {
  is(terminal.isOther, false);
  is(terminal.hasCursor, true);
  is(terminal.takesMouse, false);
  match(terminal.screen, /^before/);
  match(terminal.screen, / icanon .* echo /s);
}

function realTerminal(name: string, body: () => Promise<void>): void {
  if (hasTmux()) test(name, body);
  else test.skip(name, "tmux is not installed");
}

test.before(async () => {
  if (hasTmux()) runtime = await startRuntime(dataDir, 300);
});

test.afterEach(() => terminal?.close());
test.after(async () => await runtime?.kill());

test("without a terminal it says what else there is, and without a runtime that there is none", () => {
  const { exitCode, stderr } = kron(tui);
  is(exitCode, 2);
  match(stderr, /Expected a terminal[\s\S]*kron runtime status/);
});

realTerminal("it shows the runtime, its timers, and one of them, and gives the terminal back", async () => {
  terminal = new Terminal(tui);
  const overview = await terminal.shows(/● live[\s\S]*scheduled +30\d/);
  match(overview, /\[1 Overview\]/);
  is(terminal.isOther, true);
  terminal.press("2");
  await terminal.shows(/1 of 304[\s\S]*› endless/);
  terminal.type("/flak");
  await terminal.shows(/1 of 1 \(304 in all\)[\s\S]*› flaky/);
  terminal.press("Enter", "Enter");
  await terminal.shows(/\[flaky\][\s\S]*every 1h[\s\S]*It has not run yet/);
  terminal.press("Escape");
  await terminal.shows(/\[2 Timers\]/);
  terminal.press("q");
  await terminal.shows(/ended with 0/);
  assertGivenBack();
});

realTerminal("it triggers, pauses and resumes, and shows what came of it", async () => {
  terminal = new Terminal(["top", "--data-dir", dataDir]);
  await terminal.shows(/● live/);
  terminal.type("/quick");
  terminal.press("Enter");
  await terminal.shows(/› quick +every 1h +scheduled/);
  terminal.press("p");
  await terminal.shows(/› quick +every 1h +paused[\s\S]*quick: paused/);
  terminal.press("p");
  await terminal.shows(/› quick +every 1h +scheduled[\s\S]*quick: resumed/);
  terminal.press("t");
  await terminal.shows(/Run quick now\?/);
  terminal.press("n");
  await terminal.shows(/Nothing was done/);
  terminal.press("t", "y");
  await terminal.shows(/quick: triggered run_/);
  terminal.press("Enter");
  await terminal.shows(/SUCCEEDED .*by hand/);
});

realTerminal("it cancels a run, and has a timer's last run tried again", async () => {
  terminal = new Terminal(tui);
  await terminal.shows(/● live/);
  terminal.type("/endless");
  terminal.press("Enter");
  await terminal.shows(/› endless .*scheduled/);
  terminal.press("t");
  await terminal.shows(/Run endless now\?/);
  terminal.press("y");
  await terminal.shows(/› endless .* running/);
  terminal.press("4");
  await terminal.shows(/endless +running/);
  terminal.press("Enter");
  await terminal.shows(/\[endless\][\s\S]*run_\w+ attempt 1 of 3/);
  terminal.press("x", "y");
  await terminal.shows(/History[\s\S]*CANCELLED/);
  // It fails at its first attempt, and would wait an hour for its second.
  terminal.type("/");
  terminal.press("C-u");
  terminal.type("flaky");
  terminal.press("Enter");
  await terminal.shows(/› flaky .*scheduled/);
  terminal.press("t");
  await terminal.shows(/Run flaky now\?/);
  terminal.press("y");
  await terminal.shows(/› flaky .*retrying/);
  terminal.press("R");
  await terminal.shows(/Try the last run of flaky again\?/);
  terminal.press("y");
  await terminal.shows(/› flaky .*scheduled/);
  terminal.press("Enter");
  await terminal.shows(/SUCCEEDED .*by hand 2 attempts[\s\S]*attempt 1 +FAILED .*Error: boom/);
});

realTerminal("it resizes, and every view is there", async () => {
  terminal = new Terminal(tui);
  await terminal.shows(/● live/);
  terminal.resize(140, 40);
  await terminal.shows(/p50 .* in a minute/);
  for (const [key, pattern] of [
    ["3", /Due in the next 1h 00m .* runs/],
    ["4", /in flight/],
    ["5", /Runtime .* embedded[\s\S]*None is attached/],
    ["6", /Live[\s\S]*RUN_SUCCEEDED +ticker/],
    ["?", /Keys[\s\S]*compact the journal/],
  ] as const) {
    terminal.press(key);
    await terminal.shows(pattern);
  }
  terminal.press("Escape", ":");
  terminal.type("compact");
  terminal.press("Enter");
  await terminal.shows(/Write a checkpoint/);
  terminal.press("y");
  await terminal.shows(/Compacted: .* before, .* after/);
});

realTerminal("it says that the runtime has gone, shows what it said last, and finds it again", async () => {
  terminal = new Terminal(tui);
  await terminal.shows(/● live[\s\S]*scheduled +30\d/);
  await runtime.kill();
  const lost = await terminal.shows(/No runtime since/);
  match(lost, /✗ no runtime/);
  match(lost, /scheduled +30\d/);
  terminal.press("2");
  await terminal.shows(/\[2 Timers\]/);
  runtime = await startRuntime(dataDir, 300);
  const found = await terminal.shows(/● live[\s\S]*› endless/);
  ok(!found.includes("No runtime"));
});

realTerminal("it shows a supervised app with its restarts and memory, and has it replaced", async () => {
  const supervised = await Supervised.ready();
  terminal = new Terminal(["tui", "--data-dir", supervised.dataDir]);
  await terminal.shows(/supervised .*● live/);
  terminal.press("5");
  await terminal.shows(new RegExp(`app-0 +${supervised.appPid} +ready +0 .* MiB`));
  const before = supervised.appPid;
  terminal.press("L");
  await terminal.shows(/Replace the app by a new process\?/);
  terminal.press("y");
  await terminal.shows(/The app is reloaded/);
  await terminal.shows(new RegExp(`app-0 +${before}`), false);
  terminal.close();
  await supervised.stop();
});

for (const [name, signal] of [
  ["SIGTERM", "SIGTERM"],
  ["SIGHUP", "SIGHUP"],
  ["an error that nobody caught", "SIGUSR2"],
] as const) {
  realTerminal(`it gives the terminal back at ${name}`, async () => {
    const throws = "data:text/javascript,process.on('SIGUSR2',()=>{throw%20new%20Error('boom')})";
    terminal = new Terminal(tui, { env: { NODE_OPTIONS: `--import=${throws}` } });
    await terminal.shows(/● live/);
    process.kill(terminal.pid, signal);
    await terminal.shows(signal === "SIGUSR2" ? /boom[\s\S]*ended with 1/ : /ended with (143|129)/);
    assertGivenBack();
  });
}

test.run();
