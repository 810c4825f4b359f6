/**
 * Growing typed arrays: a column holds one number per slot, in chunks.
 *
 * A chunk is made with the first value in it that is not 0, so a column costs nothing where it is all zero, and
 * growing copies nothing and so never takes long. Only the first chunk grows by doubling, so that small tables
 * stay small.
 */

type Cells = Float64Array | Uint32Array | Uint8Array;
type CellsOf<T extends Cells> = new (length: number) => T;

const chunkShift = 14;
const chunkLength = 2 ** chunkShift;
const chunkMask = chunkLength - 1;
const firstLength = 64;

/** A column of numbers indexed by slot, a whole number from 0 to 2^32 - 1; a slot never set reads as 0. */
export class Column<T extends Cells> {
  readonly #make: CellsOf<T>;
  /** Without cells where no chunk has been made. */
  readonly #empty: T;
  readonly #chunks: T[] = [];

  constructor(make: CellsOf<T>) {
    this.#make = make;
    this.#empty = new make(0);
  }

  get(slot: number): number {
    const chunk = this.#chunks[slot >>> chunkShift];
    return chunk === undefined ? 0 : (chunk[slot & chunkMask] ?? 0);
  }

  set(slot: number, value: number): void {
    const chunk = this.#chunks[slot >>> chunkShift];
    const cell = slot & chunkMask;
    if (chunk !== undefined && cell < chunk.length) chunk[cell] = value;
    else if (value !== 0) this.#extend(slot >>> chunkShift, cell)[cell] = value;
  }

  add(slot: number, delta: number): void {
    this.set(slot, this.get(slot) + delta);
  }

  /** Makes the chunk `at`, or makes the first one longer, so that it has the cell. */
  #extend(at: number, cell: number): T {
    while (this.#chunks.length <= at) this.#chunks.push(this.#empty);
    const held = this.#chunks[at] as T;
    const doubled = Math.max(firstLength, held.length * 2);
    const isFirst = at === 0 && cell < chunkLength / 2;
    const chunk = new this.#make(isFirst ? lengthFor(cell, doubled) : chunkLength);
    chunk.set(held);
    this.#chunks[at] = chunk;
    return chunk;
  }
}

/** `length` doubled until it has the cell. */
function lengthFor(cell: number, length: number): number {
  let enough = length;
  while (enough <= cell) enough *= 2;
  return enough;
}

/** A column of 64-bit floats: times and counters beyond 32 bits. */
export function floatColumn(): Column<Float64Array> {
  return new Column(Float64Array);
}

/** A column of unsigned 32-bit integers. */
export function wordColumn(): Column<Uint32Array> {
  return new Column(Uint32Array);
}

/** A column of unsigned bytes. */
export function byteColumn(): Column<Uint8Array> {
  return new Column(Uint8Array);
}
