/**
 * Tells people how far long work is, on standard error. On a terminal there is a line that is drawn anew; elsewhere there is
 * nothing, or with `--progress` a line now and then. Work that is soon done shows nothing.
 *
 * Much of what takes long does not let the event loop go on, so that no signal could be handled meanwhile: signals are left
 * to end the process at once. For that the cursor waits below the line, where whatever comes next begins well.
 */

import type { CancelWait, Clock, Progress } from "../src/ports.ts";
import { progressLine } from "./progress-text.ts";

/** Where progress is shown. */
export interface ProgressScreen {
  /** Columns of the terminal; undefined for a pipe or a file, which is given whole lines. */
  readonly width: number | undefined;
  readonly isUnicode: boolean;
  write(text: string): void;
}

/** What of a clock it takes. */
export type ProgressClock = Pick<Clock, "monotonicMs" | "wakeAfter">;

/** Not `systemClock()`, which has randomness beside it: every command loads this file, and few need `node:crypto`. */
const realClock: ProgressClock = {
  monotonicMs: () => performance.now(),
  wakeAfter(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    // Nobody stays for the sake of being shown how far things are.
    timer.unref();
    return () => clearTimeout(timer);
  },
};

const quietMs = 300;
const drawEveryMs = 100;
const lineEveryMs = 2_000;
/** Steps between two looks at the clock. */
const stepsPerLook = 8;
const lineWidth = 100;

/** Work that nobody wants to see the progress of. */
export const noProgress: ShownProgress = { begin: () => undefined, add: () => undefined, clear: () => undefined };

/** Progress of which something may be on the screen. */
export interface ShownProgress extends Progress {
  /** Takes away what is shown, so that something else can be; it comes again when there is more to tell. */
  clear(): void;
}

/** The progress of one command after another part of it. */
export class ProgressLine implements ShownProgress {
  readonly #screen: ProgressScreen;
  readonly #clock: ProgressClock;
  #part = { what: "", unit: "", total: undefined as number | undefined, beganMs: 0 };
  #done = 0;
  #steps = 0;
  #dueMs: number;
  #isShown = false;
  #cancelWake: CancelWait | undefined;

  constructor(screen: ProgressScreen, clock: ProgressClock = realClock) {
    this.#screen = screen;
    this.#clock = clock;
    this.#dueMs = clock.monotonicMs() + (screen.width === undefined ? lineEveryMs : quietMs);
  }

  begin(what: string, unit: string, total?: number): void {
    this.#part = { what, unit, total, beganMs: this.#clock.monotonicMs() };
    this.#done = 0;
    this.#look();
    this.#cancelWake ??= this.#wakeLater();
  }

  add(count: number, unit: string): void {
    if (unit !== this.#part.unit) return;
    this.#done += count;
    this.#steps += 1;
    if (this.#steps % stepsPerLook === 0) this.#look();
  }

  clear(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    if (!this.#isShown) return;
    this.#isShown = false;
    // CUU, then ED: up to the line, and all below it gone.
    this.#screen.write("\u001b[1A\r\u001b[J");
  }

  /** Work that waits for something else lets the clock be looked at. */
  #wakeLater(): CancelWait {
    return this.#clock.wakeAfter(
      drawEveryMs,
      () => {
        this.#look();
        this.#cancelWake = this.#wakeLater();
      },
      false,
    );
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#dueMs) return;
    const { width, isUnicode, write } = this.#screen;
    const { beganMs, ...part } = this.#part;
    const work = { ...part, done: this.#done, elapsedMs: nowMs - beganMs };
    this.#dueMs = nowMs + (width === undefined ? lineEveryMs : drawEveryMs);
    if (width === undefined) {
      write(`${progressLine(work, lineWidth, false)}\n`);
      return;
    }
    // One column is left: some terminals break a line that fills all of them.
    const line = progressLine(work, width - 1, isUnicode);
    // EL: what an earlier, longer line has left goes.
    write(`${this.#isShown ? "\u001b[1A\r" : ""}${line}\u001b[K\n`);
    this.#isShown = true;
  }
}
