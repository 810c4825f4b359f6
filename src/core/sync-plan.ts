/**
 * What has to be done so that the timers on record are those that a configuration declares.
 *
 * Pure: the decision is made from values, and carried out elsewhere. A timer is only ever pruned when this
 * configuration declared it before (a claim says so) and nobody has made another of it since: the fingerprint of what
 * is on record must be one that the claim knows.
 */

import { definitionKey, encodeDefinition, type TimerDefinition } from "./definition.ts";
import { scheduleOptionsOf } from "./definition-options.ts";
import { stableHash } from "./hash.ts";
import { isPlainObject } from "./option-reader.ts";
import { isEqualPayload } from "./payload-equal.ts";
import { redactDefinition, redactedPlaces } from "./redact.ts";

/** A timer that a configuration declares. */
export interface DeclaredTimer {
  readonly id: string;
  readonly definition: TimerDefinition;
  /** The instant of `at`; undefined for other schedules. */
  readonly atMs: number | undefined;
  readonly payload: unknown;
}

/** A timer on record that is not cancelled. */
export interface RecordedTimer {
  readonly id: string;
  readonly definition: TimerDefinition;
  readonly anchorMs: number;
  readonly payload: unknown;
  /** Whether secrets are `[redacted]` in the definition, as whoever is asked for it shows them to nobody. */
  readonly hidesSecrets?: boolean;
}

/**
 * That a configuration declared a timer: fingerprints of what it made of it, and of what it was about to make of it
 * when it was last heard of.
 */
export interface Claim {
  readonly settled?: string;
  readonly pending?: string;
}

/** An option that an update changes; undefined where there is none. */
export interface OptionChange {
  /** The name, with those above it: `retry.maxAttempts`. */
  readonly option: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What is done with one timer. */
export type SyncStep =
  | { readonly kind: "create"; readonly id: string; readonly declared: DeclaredTimer }
  | {
      readonly kind: "update";
      readonly id: string;
      readonly declared: DeclaredTimer;
      readonly changes: readonly OptionChange[];
      /** Whether something else than this configuration made it. */
      readonly adopts: boolean;
    }
  | {
      readonly kind: "unchanged";
      readonly id: string;
      readonly declared: DeclaredTimer;
      readonly adopts: boolean;
      /** Whether secrets, which are not shown, may differ. */
      readonly isUnsure: boolean;
    }
  /** A one-shot that was made, ran, and has been forgotten since: it must not run again. */
  | { readonly kind: "finished"; readonly id: string; readonly declared: DeclaredTimer }
  | { readonly kind: "prune"; readonly id: string }
  /** No longer declared, and left alone: pruning was not asked for, or something else has made another of it. */
  | { readonly kind: "keep"; readonly id: string; readonly why: "not-asked" | "changed-since" }
  /** No longer declared, and not on record any more. */
  | { readonly kind: "forget"; readonly id: string }
  /** It cannot be had: another configuration declares it, or an application runs it by a callback. */
  | {
      readonly kind: "refuse";
      readonly id: string;
      readonly why: "callback" | "other-source";
      readonly source: string;
    };

/** What a plan is made from. */
export interface SyncInput {
  readonly declared: readonly DeclaredTimer[];
  /** Timers on record that are not cancelled, by id; those declared or claimed are enough. */
  readonly recorded: ReadonlyMap<string, RecordedTimer>;
  /** What this configuration declared before. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** What other configurations declared, with their names. */
  readonly otherClaims: ReadonlyMap<string, string>;
  readonly prune: boolean;
  /** Whether timers of other configurations are taken over. */
  readonly adopt: boolean;
}

/** The steps, one for each timer that is declared or claimed, sorted by id. */
export function planSync(input: SyncInput): SyncStep[] {
  const declared = new Map(input.declared.map((timer) => [timer.id, timer]));
  const gone = [...input.claims.keys()].filter((id) => !declared.has(id));
  const steps = [
    ...[...declared.values()].map((timer) => stepFor(timer, input)),
    ...gone.map((id) => stepForGone(id, input)),
  ];
  return steps.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Tells definitions apart, but for secrets, with the instant of `at`; the same in every version of Kron. Not for
 * security.
 */
export function fingerprint(definition: TimerDefinition, anchorMs: number | undefined): string {
  const text = JSON.stringify([
    encodeDefinition(redactDefinition(definition)),
    definition.schedule.kind === "at" ? anchorMs : 0,
  ]);
  return [stableHash(text), stableHash(text, 1)].map((half) => half.toString(16).padStart(8, "0")).join("");
}

function stepFor(declared: DeclaredTimer, { recorded, claims, otherClaims, adopt }: SyncInput): SyncStep {
  const { id } = declared;
  const source = otherClaims.get(id);
  if (source !== undefined && !adopt) return { kind: "refuse", id, why: "other-source", source };
  const there = recorded.get(id);
  const claim = claims.get(id);
  if (there === undefined) return { kind: hasFinished(declared, claim) ? "finished" : "create", id, declared };
  if (there.definition.target.kind === "callback") return { kind: "refuse", id, why: "callback", source: "" };
  const adopts = !isClaimed(claim, there);
  const hides = there.hidesSecrets === true;
  const shown = hides ? { ...declared, definition: redactDefinition(declared.definition) } : declared;
  if (!isSame(shown, there)) return { kind: "update", id, declared, changes: optionChanges(there, shown), adopts };
  const isUnsure = hides && redactedPlaces(shown.definition.target).length > 0;
  return { kind: "unchanged", id, declared, adopts, isUnsure };
}

function stepForGone(id: string, { recorded, claims, prune }: SyncInput): SyncStep {
  const there = recorded.get(id);
  if (there === undefined) return { kind: "forget", id };
  if (!isClaimed(claims.get(id), there)) return { kind: "keep", id, why: "changed-since" };
  return prune ? { kind: "prune", id } : { kind: "keep", id, why: "not-asked" };
}

/** Timers that are done are forgotten when there are very many; the claim remembers that this one was made. */
function hasFinished({ definition, atMs }: DeclaredTimer, claim: Claim | undefined): boolean {
  const { kind } = definition.schedule;
  const isOnce = kind === "at" || kind === "after";
  return isOnce && claim?.settled === fingerprint(definition, atMs);
}

function isClaimed(claim: Claim | undefined, { definition, anchorMs }: RecordedTimer): boolean {
  if (claim === undefined) return false;
  const found = fingerprint(definition, anchorMs);
  return claim.settled === found || claim.pending === found;
}

/** What `schedule` would leave as it is. */
function isSame(declared: DeclaredTimer, recorded: RecordedTimer): boolean {
  if (definitionKey(declared.definition) !== definitionKey(recorded.definition)) return false;
  if (declared.atMs !== undefined && declared.atMs !== recorded.anchorMs) return false;
  return isEqualPayload(declared.payload, recorded.payload);
}

/** The options that differ between a timer on record and the declared one, by their names. */
export function optionChanges(recorded: RecordedTimer, declared: DeclaredTimer): OptionChange[] {
  const before = flattened(recorded.definition, recorded.anchorMs, recorded.payload);
  const after = flattened(declared.definition, declared.atMs ?? 0, declared.payload);
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((option) => ({ option, before: before.get(option), after: after.get(option) }))
    .filter((change) => !isEqualPayload(change.before, change.after));
}

function flattened(definition: TimerDefinition, anchorMs: number, payload: unknown): ReadonlyMap<string, unknown> {
  const options = new Map<string, unknown>();
  const add = (prefix: string, members: object): void => {
    for (const [name, value] of Object.entries(members)) {
      // A body and a payload are the user's own data, and shown as a whole.
      if (isPlainObject(value) && `${prefix}${name}` !== "http.body") add(`${prefix}${name}.`, value);
      else options.set(`${prefix}${name}`, value);
    }
  };
  add("", scheduleOptionsOf(definition, anchorMs));
  if (payload !== undefined) options.set("payload", payload);
  return options;
}
