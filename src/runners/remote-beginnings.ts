/**
 * Tells whoever ordered attempts with a timeout when they began. Attempts are looked at four times in their timeout until
 * they have begun, so most end without a word about it.
 */

import { TimedSet } from "../core/timed-set.ts";
import type { AttemptHandle, CancelWait, Clock } from "../ports.ts";

/** An attempt whose beginning is to be told. */
interface Watched {
  readonly id: number;
  readonly handle: AttemptHandle;
  readonly everyMs: number;
  /** Its place in the set. */
  due: number;
}

/** However short a timeout is, its attempt is not looked at more often. */
const everyMsMin = 1;
/** However long, a clock takes no longer waits than 2^31 - 1 ms. */
const everyMsMax = 3_600_000;

/** The attempts whose beginnings are to be told. */
export class Beginnings {
  readonly #clock: Clock;
  readonly #tell: (id: number, atMs: number) => void;
  readonly #watched = new Map<number, Watched>();
  readonly #looks = new TimedSet<Watched>();
  #cancelWait: CancelWait | undefined;
  #wakesAtMs = Number.POSITIVE_INFINITY;

  /** `tell` is given each beginning once, on the monotonic time of `clock`. */
  constructor(clock: Clock, tell: (id: number, atMs: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Nothing is told of attempts that begin at once. */
  watch(id: number, handle: AttemptHandle, timeoutMs: number): void {
    if (handle.executingMs === undefined) return;
    const everyMs = Math.min(Math.max(timeoutMs / 4, everyMsMin), everyMsMax);
    const watched: Watched = { id, handle, everyMs, due: -1 };
    this.#watched.set(id, watched);
    this.#lookLater(watched);
    this.#arm();
  }

  /** The attempt has ended. */
  forget(id: number): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    this.#watched.delete(id);
    this.#looks.remove(watched.due);
  }

  /** There is nobody to be told any more. */
  close(): void {
    this.#cancelWait?.();
    for (const id of [...this.#watched.keys()]) this.forget(id);
  }

  #lookLater(watched: Watched): void {
    watched.due = this.#looks.add(watched, this.#clock.monotonicMs() + watched.everyMs);
  }

  #look(): void {
    this.#cancelWait = undefined;
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    for (let next = this.#looks.takeDue(nowMs); next !== undefined; next = this.#looks.takeDue(nowMs)) {
      const executingMs = next.handle.executingMs?.();
      if (executingMs === undefined) {
        this.#lookLater(next);
        continue;
      }
      this.#watched.delete(next.id);
      this.#tell(next.id, this.#clock.monotonicMs() - executingMs);
    }
    this.#arm();
  }

  #arm(): void {
    const dueMs = this.#looks.peekDueMs();
    // An earlier wake-up than needed finds nothing to do and sets the next one.
    if (dueMs >= this.#wakesAtMs) return;
    this.#cancelWait?.();
    this.#wakesAtMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.#clock.monotonicMs());
    this.#cancelWait = this.#clock.wakeAfter(delayMs, () => this.#look(), false);
  }
}
