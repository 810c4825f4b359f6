/**
 * The definitions that timers share. A hundred thousand timers have perhaps a hundred distinct definitions,
 * so each is kept once, numbered in the order in which the log first showed it, and dropped with its last user. One
 * that no other timer shares costs 1 to 2 KB; docs/targets.md tells users so.
 */

import { assert } from "./assert.ts";
import { decodeDefinition, definitionKey, type TimerDefinition } from "./definition.ts";

interface Shared {
  readonly number: number;
  readonly definition: TimerDefinition;
  readonly key: string;
  users: number;
}

/** What a checkpoint has to write of the definitions. */
export interface DefinitionChanges {
  readonly fresh: readonly (readonly [number: number, definition: TimerDefinition])[];
  /** Numbers that are no longer held and had been written. */
  readonly gone: readonly number[];
}

/** Interned definitions by number and by canonical key. Numbers only grow and are never given twice. */
export class DefinitionTable {
  readonly #byNumber = new Map<number, Shared>();
  readonly #byKey = new Map<string, Shared>();
  /** By the object that is shared, which most records lead to by its number. */
  readonly #byDefinition = new Map<TimerDefinition, Shared>();
  /** Numbers given out, and numbers dropped that had been written, since the last checkpoint. */
  #fresh = new Set<number>();
  #gone: number[] = [];
  #lastNumber = 0;
  #rebootCount = 0;

  /** The number under which an equal definition is held, or 0. */
  numberOf(key: string): number {
    return this.#byKey.get(key)?.number ?? 0;
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
   * The definition that a record holds: by a number that must still be held, or encoded. Undefined when the
   * number is no longer held; the proposer then has to send the definition itself. Changes nothing. Throws as
   * `decodeDefinition` does.
   */
  read(field: unknown): TimerDefinition | undefined {
    return typeof field === "number" ? this.#byNumber.get(field)?.definition : decodeDefinition(field);
  }

  /** Counts one more user of a definition, keeping it if none equal is held; returns its number. */
  addUser(definition: TimerDefinition): number {
    const shared = this.#byDefinition.get(definition) ?? this.#share(definition);
    shared.users += 1;
    return shared.number;
  }

  #share(definition: TimerDefinition): Shared {
    const key = definitionKey(definition);
    const held = this.#byKey.get(key);
    if (held !== undefined) return held;
    this.#lastNumber += 1;
    this.#fresh.add(this.#lastNumber);
    return this.#hold({ number: this.#lastNumber, definition, key, users: 0 });
  }

  #hold(shared: Shared): Shared {
    this.#byNumber.set(shared.number, shared);
    this.#byKey.set(shared.key, shared);
    this.#byDefinition.set(shared.definition, shared);
    if (isReboot(shared.definition)) this.#rebootCount += 1;
    return shared;
  }

  dropUser(number: number): void {
    const shared = this.#byNumber.get(number);
    assert(shared !== undefined && shared.users > 0, "the definition has a user");
    shared.users -= 1;
    if (shared.users > 0) return;
    this.#byNumber.delete(number);
    this.#byKey.delete(shared.key);
    this.#byDefinition.delete(shared.definition);
    if (isReboot(shared.definition)) this.#rebootCount -= 1;
    if (!this.#fresh.delete(number)) this.#gone.push(number);
  }

  /** What has to be written since the last time this was asked. */
  takeChanges(): DefinitionChanges {
    const fresh = [...this.#fresh].map((number) => [number, this.get(number)] as const);
    const taken: DefinitionChanges = { fresh, gone: this.#gone };
    this.#fresh = new Set();
    this.#gone = [];
    return taken;
  }

  /** Gives back what `takeChanges` gave: it could not be written. */
  returnChanges({ fresh, gone }: DefinitionChanges): void {
    for (const [number] of fresh) if (this.#byNumber.has(number)) this.#fresh.add(number);
    for (const number of gone) this.#gone.push(number);
  }

  /** Puts back a definition that has no users yet. */
  restore(number: number, definition: TimerDefinition): void {
    this.#hold({ number, definition, key: definitionKey(definition), users: 0 });
  }

  /** Counts one more user of a definition that was put back; false when it is not held. */
  restoreUser(number: number): boolean {
    const shared = this.#byNumber.get(number);
    if (shared === undefined) return false;
    shared.users += 1;
    return true;
  }

  /** Puts back the latest number given out. */
  restoreLastNumber(number: number): void {
    this.#lastNumber = number;
  }

  /** Whether any definition waits for the runtime to start. */
  get hasReboot(): boolean {
    return this.#rebootCount > 0;
  }

  /** How many timers share a definition; 0 when it is not held. */
  usersOf(number: number): number {
    return this.#byNumber.get(number)?.users ?? 0;
  }

  /** The numbers of all definitions held, in growing order. */
  numbers(): number[] {
    return [...this.#byNumber.keys()].sort((a, b) => a - b);
  }

  /** The latest number given out. */
  get lastNumber(): number {
    return this.#lastNumber;
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
