/** Retries of one timer in a moving window of seven days, counted by the hour in 168 cells. */

const hourMs = 3_600_000;
const hours = 7 * 24;
const countMax = 65_535;

/** A count that forgets: what is older than seven days no longer counts. */
export class RetryWindow {
  readonly #cells = new Uint16Array(hours);
  #latestHour = 0;

  /** Counts one retry at `atMs`; one before the window's start is too old to count. */
  add(atMs: number): void {
    const hour = Math.floor(atMs / hourMs);
    this.#forgetUntil(hour);
    if (hour <= this.#latestHour - hours) return;
    this.#cells[hour % hours] = Math.min(countMax, this.#countOf(hour) + 1);
  }

  /** Retries in the seven days before `nowMs`. */
  total(nowMs: number): number {
    const nowHour = Math.floor(nowMs / hourMs);
    let sum = 0;
    for (let hour = Math.max(nowHour, this.#latestHour) - hours + 1; hour <= this.#latestHour; hour++) {
      if (hour >= 0) sum += this.#countOf(hour);
    }
    return sum;
  }

  /** The latest hour counted, then the cells, for the digest. */
  numbers(): number[] {
    return [this.#latestHour, ...this.#cells];
  }

  /** The window that `numbers` told of. */
  static of(numbers: readonly number[]): RetryWindow {
    const window = new RetryWindow();
    const [latestHour, ...cells] = numbers;
    window.#latestHour = latestHour as number;
    window.#cells.set(cells);
    return window;
  }

  /** Every hour from 0 has a cell. */
  #countOf(hour: number): number {
    return this.#cells[hour % hours] as number;
  }

  #forgetUntil(hour: number): void {
    const steps = Math.min(hours, hour - this.#latestHour);
    for (let i = 0; i < steps; i++) this.#cells[(hour - i) % hours] = 0;
    this.#latestHour = Math.max(this.#latestHour, hour);
  }
}
