/**
 * The spans of one time zone: stretches of time with one UTC offset, found by probing an offset source.
 *
 * Time is cut into blocks of 1,024 days and a block is probed when it is first asked for, so that a timer due
 * this year costs one block, and one due in 9998 does not cost the eight thousand years in between. A span
 * that reaches over the edge of a block is cut there; such a cut has neither a gap nor an overlap.
 */

import { secondsPerDay } from "./civil.ts";

/** A stretch of time during which a zone keeps one UTC offset. All fields are whole seconds. */
export interface ZoneSpan {
  /** First second of the span, since 1970-01-01T00:00Z. */
  readonly start: number;
  /** First second after the span. */
  readonly end: number;
  /** Local time minus UTC. */
  readonly offset: number;
  /**
   * The local second that clocks had reached, and not yet shown, when the span began.
   *
   * Less than `start + offset`: the local seconds between are a gap that no clock ever showed. More: the local
   * seconds between are an overlap that this span shows again.
   */
  readonly reached: number;
}

const blockSeconds = 1024 * secondsPerDay;
/** Two transitions that undo each other within one step are not seen; the shortest such pair since 1900 is a week. */
const probeStepSeconds = 6 * secondsPerDay;
/** Offsets differ by less than this, so what happened earlier cannot reach into a block. */
const lookBackSeconds = 2 * secondsPerDay;

/** The span table of one zone. Holds no formatter and grows only by blocks that were asked for. */
export class ZoneTable {
  readonly #offsetAt: (second: number) => number;
  readonly #blocks = new Map<number, readonly ZoneSpan[]>();
  #recent: ZoneSpan | undefined;

  /** `offsetAt` gives local time minus UTC at a second, in whole seconds. */
  constructor(offsetAt: (second: number) => number) {
    this.#offsetAt = offsetAt;
  }

  /** The span that holds the given second. */
  spanAt(second: number): ZoneSpan {
    const recent = this.#recent;
    if (recent !== undefined && second >= recent.start && second < recent.end) return recent;
    const block = Math.floor(second / blockSeconds);
    let spans = this.#blocks.get(block);
    if (spans === undefined) {
      spans = this.#probe(block * blockSeconds, (block + 1) * blockSeconds);
      this.#blocks.set(block, spans);
    }
    const span = lastStartingBy(spans, second);
    this.#recent = span;
    return span;
  }

  #probe(blockStart: number, blockEnd: number): readonly ZoneSpan[] {
    const spans: ZoneSpan[] = [];
    let start = blockStart - lookBackSeconds;
    let offset = this.#offsetAt(start);
    let reached = start + offset;
    while (start < blockEnd) {
      const end = this.#endOfOffset(start, blockEnd, offset);
      // What lies before the block is only there for the local time it reached.
      if (end > blockStart) {
        const cutStart = Math.max(start, blockStart);
        spans.push({
          start: cutStart,
          end,
          offset,
          reached: start < blockStart ? Math.max(reached, cutStart + offset) : reached,
        });
      }
      reached = Math.max(reached, end + offset);
      start = end;
      offset = this.#offsetAt(start);
    }
    return spans;
  }

  /** The first second after `start` at which the offset is no longer `offset`; at most `limit`. */
  #endOfOffset(start: number, limit: number, offset: number): number {
    let same = start;
    while (same < limit) {
      const probe = Math.min(same + probeStepSeconds, limit);
      if (this.#offsetAt(probe) !== offset) return this.#bisect(same, probe, offset);
      same = probe;
    }
    return limit;
  }

  #bisect(same: number, different: number, offset: number): number {
    let low = same;
    let high = different;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }
}

/** The last span that starts at or before `second`; `spans` is never empty and its first one does. */
function lastStartingBy(spans: readonly ZoneSpan[], second: number): ZoneSpan {
  let low = 0;
  let high = spans.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((spans[middle] as ZoneSpan).start <= second) low = middle;
    else high = middle;
  }
  return spans[low] as ZoneSpan;
}
