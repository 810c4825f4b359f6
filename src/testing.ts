/**
 * `kron-scheduler/testing`: time under control of a test.
 *
 * ```ts
 * const clock = new VirtualClock("2026-03-29T00:00:00Z");
 * // Give it to a runtime as its clock, or use it as one does:
 * clock.wakeAfter(600_000, () => console.log(new Date(clock.nowMs())));
 *
 * await clock.advance("1h");                              // whatever falls due, in order, in a few milliseconds
 * await clock.advanceTo("2026-03-29T09:30:00+02:00");     // the same, until the wall clock shows this
 * clock.jumpWall("-2m");                                  // NTP steps the wall clock back
 * clock.suspend("8h");                                    // the lid is closed over night
 * ```
 *
 * Nothing moves by itself: between two calls time stands still, however long the test takes.
 */

import { assert } from "./core/assert.ts";
import { parseDuration } from "./core/duration.ts";
import { KronError } from "./core/errors.ts";
import { formatInstant, parseInstant } from "./core/instant.ts";
import type { CancelWait, Clock } from "./ports.ts";
import { nextTurn, systemClock, waitMsMax } from "./system.ts";

/**
 * Says whether work is under way that needs no time to pass, such as a write to the disk: `true` when there
 * is none, `false` to be asked again in the next turn of the event loop, or a promise to be waited for.
 *
 * Work that waits for virtual time must not count, or time would never move on: a callback that has been
 * started and sleeps is not under way in this sense.
 */
export type IdleCheck = () => boolean | Promise<void>;

/** How a `VirtualClock` lets the program catch up whenever it has moved. */
export interface VirtualClockOptions {
  /** Turns of the event loop without a new or cancelled wait after which the program is taken to rest; default 8. */
  readonly quietTurns?: number;
  /** Real milliseconds after which `advance` gives up on work that does not end; default 10,000. */
  readonly patienceMs?: number;
}

interface Wait {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Wakes at one instant after which time is taken to stand still for ever. */
const wakesPerInstantMax = 100_000;
const defaultStart = "2026-01-01T00:00:00Z";

/**
 * A clock that moves only when told to, and then wakes every wait in the order in which they are due, letting
 * the program catch up in between: promises, input and output, and whatever `onIdle` was told to look at.
 *
 * As on Linux, monotonic time is what waits count, and it stands still while the machine is suspended.
 */
export class VirtualClock implements Clock {
  readonly #quietTurns: number;
  readonly #patienceMs: number;
  readonly #real = systemClock();
  readonly #idleChecks = new Set<IdleCheck>();
  /** By due time, then by age; the next one last, so that it can be popped. */
  readonly #waits: Wait[] = [];
  #monotonicMs = 0;
  /** Wall time minus monotonic time. */
  #wallAheadMs: number;
  /** Counts new and cancelled waits, to see whether the program has come to rest. */
  #changes = 0;
  #isAdvancing = false;

  /** A clock that shows `start` (an instant as text, milliseconds or `Date`); default 2026-01-01T00:00Z. */
  constructor(start: string | number | { getTime(): number } = defaultStart, options: VirtualClockOptions = {}) {
    this.#wallAheadMs = parseInstant(start, "start");
    this.#quietTurns = options.quietTurns ?? 8;
    this.#patienceMs = options.patienceMs ?? 10_000;
    assert(Number.isInteger(this.#quietTurns) && this.#quietTurns >= 1, "quietTurns is a whole number from 1");
    assert(this.#patienceMs >= 0 && this.#patienceMs <= waitMsMax, "patienceMs is between 0 and 2^31 - 1");
  }

  /** Waits that have neither ended nor been cancelled. */
  get pendingWaits(): number {
    return this.#waits.length;
  }

  /** Virtual wall-clock time in whole milliseconds since 1970. */
  nowMs(): number {
    return this.#wallAheadMs + this.#monotonicMs;
  }

  /** Virtual milliseconds since the clock was made; starts at 0. */
  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /**
   * Calls `wake` once when virtual time has advanced by `delayMs`, rounded up to whole milliseconds as Node does.
   * Waits that are due together wake in the order in which they were made.
   */
  wakeAfter(delayMs: number, wake: () => void): CancelWait {
    assert(delayMs >= 0 && delayMs <= waitMsMax, "a wait is between 0 and 2^31 - 1 ms");
    const wait: Wait = { dueMs: this.#monotonicMs + Math.ceil(delayMs), wake };
    // Before all that are due at the same time, as the array is taken from its end.
    const index = this.#waits.findIndex((other) => other.dueMs <= wait.dueMs);
    this.#waits.splice(index < 0 ? this.#waits.length : index, 0, wait);
    this.#changes += 1;
    return () => {
      const at = this.#waits.indexOf(wait);
      if (at < 0) return;
      this.#waits.splice(at, 1);
      this.#changes += 1;
    };
  }

  /**
   * Has `check` asked, whenever the clock has moved, whether the program has caught up. A runtime calls this once
   * when it starts; the function it gets back undoes it.
   */
  onIdle(check: IdleCheck): () => void {
    this.#idleChecks.add(check);
    return () => {
      this.#idleChecks.delete(check);
    };
  }

  /**
   * Moves time on by `duration` (text such as `"1h30m"`, or milliseconds), waking whatever is due on the way, the
   * due time of each shown by the clock; resolves when the program has come to rest.
   *
   * Rejects with what a `wake` threw; with `KRON_CONFLICT` when another `advance` has not ended; with an `Error`
   * when work does not end within `patienceMs`, or time no longer moves as waits of no length follow each other.
   */
  async advance(duration: string | number): Promise<void> {
    const ms = parseDuration(duration, "duration");
    if (this.#isAdvancing)
      throw new KronError("KRON_CONFLICT", "Expected one advance at a time, got another before the first ended", {
        hint: "Await each advance; a callback that runs during one cannot move time itself",
      });
    this.#isAdvancing = true;
    try {
      await this.#advanceUntil(this.#monotonicMs + ms);
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** Moves time on until the wall clock shows `instant`, as `advance` does. Throws when that has passed. */
  async advanceTo(instant: string | number | { getTime(): number }): Promise<void> {
    const ms = parseInstant(instant, "instant") - this.nowMs();
    if (ms < 0)
      throw new KronError("KRON_OPTION_INVALID", `Expected an instant from ${formatInstant(this.nowMs())} on`, {
        hint: "Use set() or jumpWall() to put the wall clock back",
      });
    await this.advance(ms);
  }

  /** Puts the wall clock at `instant`, as an administrator might; monotonic time and waits stay as they are. */
  set(instant: string | number | { getTime(): number }): void {
    this.#wallAheadMs = parseInstant(instant, "instant") - this.#monotonicMs;
  }

  /**
   * Steps the wall clock, as NTP might, by milliseconds or a text such as `"2m"` or `"-2m"`; monotonic time and waits
   * stay as they are.
   */
  jumpWall(by: string | number): void {
    const isBack = typeof by === "string" ? by.startsWith("-") : by < 0;
    const size = typeof by === "string" ? by.replace(/^-/, "") : Math.abs(by);
    const ms = parseDuration(size, "by");
    this.set(this.nowMs() + (isBack ? -ms : ms));
  }

  /**
   * Suspends the machine for `duration`: the wall clock moves on, monotonic time and waits do not, and nothing
   * wakes meanwhile. What is overdue by the wall clock is noticed at the next `advance`, as after a real resume.
   */
  suspend(duration: string | number): void {
    this.set(this.nowMs() + parseDuration(duration, "duration"));
  }

  /** Lets the program come to rest without moving time. Rejects with an `Error` when it does not in `patienceMs`. */
  async settle(): Promise<void> {
    const startedMs = this.#real.monotonicMs();
    for (let quiet = 0; quiet < this.#quietTurns; ) {
      const before = this.#changes;
      await nextTurn();
      const isIdle = await this.#isIdle(startedMs);
      quiet = isIdle && before === this.#changes ? quiet + 1 : 0;
      if (this.#real.monotonicMs() - startedMs > this.#patienceMs) throw this.#stuck();
    }
  }

  async #advanceUntil(targetMs: number): Promise<void> {
    await this.settle();
    let wakes = 0;
    for (let wait = this.#takeDue(targetMs); wait !== undefined; wait = this.#takeDue(targetMs)) {
      wakes = wait.dueMs > this.#monotonicMs ? 1 : wakes + 1;
      if (wakes > wakesPerInstantMax)
        throw new Error(`Time stands still at ${formatInstant(this.nowMs())}: ${wakes} waits ended at this instant`);
      this.#monotonicMs = Math.max(this.#monotonicMs, wait.dueMs);
      wait.wake();
      await this.settle();
    }
    this.#monotonicMs = targetMs;
  }

  #takeDue(targetMs: number): Wait | undefined {
    const next = this.#waits.at(-1);
    return next !== undefined && next.dueMs <= targetMs ? this.#waits.pop() : undefined;
  }

  async #isIdle(startedMs: number): Promise<boolean> {
    let isIdle = true;
    for (const check of this.#idleChecks) {
      const answer = check();
      if (typeof answer === "boolean") isIdle &&= answer;
      else await this.#patiently(answer, startedMs);
    }
    return isIdle;
  }

  /** Waits for `work`, but no longer than patience lasts. */
  async #patiently(work: Promise<void>, startedMs: number): Promise<void> {
    const leftMs = Math.max(0, startedMs + this.#patienceMs - this.#real.monotonicMs());
    let cancel: CancelWait = () => undefined;
    const expired = new Promise<never>((_, reject) => {
      cancel = this.#real.wakeAfter(leftMs, () => reject(this.#stuck()));
    });
    try {
      await Promise.race([work, expired]);
    } finally {
      cancel();
    }
  }

  #stuck(): Error {
    return new Error(
      `Work was still under way after ${this.#patienceMs} ms of real time, at ${formatInstant(this.nowMs())} of virtual time; does it wait for virtual time itself?`,
    );
  }
}
