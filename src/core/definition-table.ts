/**
 * The definitions that timers share. A hundred thousand timers have perhaps a hundred distinct definitions,
 * so each is kept once, numbered in the order in which the log first showed it, and dropped with its last user.
 */

import { assert } from "./assert.ts";
import { decodeDefinition, definitionKey, type TimerDefinition } from "./definition.ts";

interface Shared {
  readonly definition: TimerDefinition;
  readonly key: string;
  users: number;
}

/** Interned definitions by number and by canonical key. Numbers only grow and are never given twice. */
export class DefinitionTable {
  readonly #byNumber = new Map<number, Shared>();
  readonly #byKey = new Map<string, number>();
  #lastNumber = 0;
  #rebootCount = 0;

  /** The number under which an equal definition is held, or 0. */
  numberOf(key: string): number {
    return this.#byKey.get(key) ?? 0;
  }

  get(number: number): TimerDefinition {
    const shared = this.#byNumber.get(number);
    assert(shared !== undefined, "the definition is held");
    return shared.definition;
  }

  keyOf(number: number): string {
    const shared = this.#byNumber.get(number);
    assert(shared !== undefined, "the definition is held");
    return shared.key;
  }

  /**
   * The number for what a record holds: a number that must still be held, or an encoded definition, which is
   * interned. 0 when the number is no longer held; the proposer then has to send the definition itself.
   */
  resolve(field: unknown): number {
    if (typeof field === "number") return this.#byNumber.has(field) ? field : 0;
    const definition = decodeDefinition(field);
    const key = definitionKey(definition);
    const held = this.#byKey.get(key);
    if (held !== undefined) return held;
    this.#lastNumber += 1;
    this.#byNumber.set(this.#lastNumber, { definition, key, users: 0 });
    this.#byKey.set(key, this.#lastNumber);
    if (isReboot(definition)) this.#rebootCount += 1;
    return this.#lastNumber;
  }

  addUser(number: number): void {
    const shared = this.#byNumber.get(number);
    assert(shared !== undefined, "the definition is held");
    shared.users += 1;
  }

  dropUser(number: number): void {
    const shared = this.#byNumber.get(number);
    assert(shared !== undefined && shared.users > 0, "the definition has a user");
    shared.users -= 1;
    if (shared.users > 0) return;
    this.#byNumber.delete(number);
    this.#byKey.delete(shared.key);
    if (isReboot(shared.definition)) this.#rebootCount -= 1;
  }

  /** Whether any definition waits for the runtime to start. */
  get hasReboot(): boolean {
    return this.#rebootCount > 0;
  }

  /** Distinct definitions held now. */
  get size(): number {
    return this.#byNumber.size;
  }
}

/** Whether the schedule is `@reboot`: due once at each start of the runtime. */
export function isReboot(definition: TimerDefinition): boolean {
  return definition.schedule.kind === "cron" && definition.schedule.expression === "@reboot";
}
