/** What has been asked for and not been answered yet: it may have taken effect, or not. */

import type { AskKind, Fact } from "./facts.ts";

/** One ask. */
export type Ask = Extract<Fact, { kind: "asked" }>;

/** The open asks of a directory: those of its present life, and those that earlier ones took with them. */
export class Asks {
  readonly #present = new Map<number, Ask>();
  #past: Ask[] = [];

  ask(ask: Ask): void {
    this.#present.set(ask.ask, ask);
  }

  /** Ends an ask of the present life, and gives it. */
  settle(ask: number): Ask | undefined {
    const settled = this.#present.get(ask);
    this.#present.delete(ask);
    return settled;
  }

  /** The process is gone; it can ask for nothing more, but the log may yet hold what it had asked for. */
  endLife(): void {
    this.#past.push(...this.#present.values());
    this.#present.clear();
  }

  /** What became of the asks of earlier lives has been seen. */
  forgetPast(): void {
    this.#past = [];
  }

  /** Whether the present life has an open ask of this kind. */
  isAsking(id: string, what: AskKind): boolean {
    for (const ask of this.#present.values()) if (ask.id === id && ask.what === what) return true;
    return false;
  }

  /** Open asks of earlier lives for a timer. */
  past(id: string): Ask[] {
    return this.#past.filter((ask) => ask.id === id);
  }

  /** Open asks of all lives for a timer. */
  open(id: string): Ask[] {
    return [...this.past(id), ...[...this.#present.values()].filter((ask) => ask.id === id)];
  }
}
