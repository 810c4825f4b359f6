/** Reproducible chance for tests: a stream of numbers from a seed, which is printed so that a failure can be repeated. */

/** Draws from one seed. */
export class Seeded {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** From 0 (included) to 1 (not included). A Weyl sequence whose steps are mixed by multiplications and shifts. */
  fraction(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)] as T;
  }
}

/** The seed of `KRON_SEED`, else a fresh one. */
export function seedFromEnvironment(): number {
  const given = process.env.KRON_SEED;
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}
