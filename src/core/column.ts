/** Growing typed arrays: a column holds one number per slot and doubles when a slot beyond its end is set. */

type Cells = Float64Array | Uint32Array | Uint16Array | Uint8Array;
type CellsOf<T extends Cells> = new (length: number) => T;

const initialLength = 64;

/** A column of numbers indexed by slot; a slot never set reads as 0. */
export class Column<T extends Cells> {
  #cells: T;
  readonly #make: CellsOf<T>;

  constructor(make: CellsOf<T>) {
    this.#make = make;
    this.#cells = new make(initialLength);
  }

  get(slot: number): number {
    return this.#cells[slot] ?? 0;
  }

  set(slot: number, value: number): void {
    if (slot >= this.#cells.length) this.#grow(slot + 1);
    this.#cells[slot] = value;
  }

  add(slot: number, delta: number): void {
    this.set(slot, this.get(slot) + delta);
  }

  #grow(lengthMin: number): void {
    const grown = new this.#make(Math.max(lengthMin, this.#cells.length * 2));
    grown.set(this.#cells);
    this.#cells = grown;
  }
}

/** A column of 64-bit floats: times and counters beyond 32 bits. */
export function floatColumn(): Column<Float64Array> {
  return new Column(Float64Array);
}

/** A column of unsigned 32-bit integers. */
export function wordColumn(): Column<Uint32Array> {
  return new Column(Uint32Array);
}

/** A column of unsigned 16-bit integers. */
export function shortColumn(): Column<Uint16Array> {
  return new Column(Uint16Array);
}

/** A column of unsigned bytes. */
export function byteColumn(): Column<Uint8Array> {
  return new Column(Uint8Array);
}
