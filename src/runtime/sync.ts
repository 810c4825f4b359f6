/** Brings the timers on record to what a configuration declares: claims, plan, changes, claims. */

import type { ScheduleOptions } from "../core/options.ts";
import { redactedText } from "../core/redact.ts";
import { type Claim, fingerprint, planSync, type RecordedTimer, type SyncStep } from "../core/sync-plan.ts";
import { type Claims, readClaims, writeClaims } from "./claims.ts";
import type { ConfiguredTimer } from "./config-timers.ts";

/** Where timers are looked up and changed: a runtime in this process or another, or a directory that none holds. */
export interface TimerDesk {
  /** The timers of these ids that are on record and not cancelled. */
  recorded(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, RecordedTimer>>;
  /** Carries out what is to be created, updated and pruned, durably. Gives the ids of timers that were updated. */
  apply(changes: readonly TimerChange[]): Promise<ReadonlySet<string>>;
}

/** One change that a plan asks for. */
export type TimerChange =
  | { readonly kind: "schedule"; readonly timer: ConfiguredTimer; readonly options: ScheduleOptions }
  | { readonly kind: "cancel"; readonly id: string };

/** What is to be brought in line. */
export interface SyncRequest {
  readonly dataDir: string;
  /** Who declares the timers. */
  readonly source: string;
  readonly timers: readonly ConfiguredTimer[];
  readonly prune: boolean;
  readonly adopt: boolean;
  /** Whether the plan is only made. */
  readonly isDryRun: boolean;
  /** What becomes of the rest when some timers cannot be had. */
  readonly onRefused: "stop" | "skip";
}

/** What was, or would be, done; `isDone` is false for a dry run, and when refused timers stopped it. */
export interface SyncResult {
  readonly steps: readonly SyncStep[];
  readonly isDone: boolean;
}

/** Makes the plan and carries it out. Rejects with what `desk` rejects with; what was done until then stays. */
export async function syncTimers(request: SyncRequest, desk: TimerDesk): Promise<SyncResult> {
  const { dataDir, source, timers, prune, adopt } = request;
  const all = readClaims(dataDir);
  const claims = all.get(source) ?? new Map<string, Claim>();
  const otherClaims = othersOf(all, source);
  const recorded = await desk.recorded(new Set([...timers.map(({ id }) => id), ...claims.keys()]));
  const steps = planSync({ declared: timers, recorded, claims, otherClaims, prune, adopt });
  const isRefused = steps.some(({ kind }) => kind === "refuse");
  if (request.isDryRun || (isRefused && request.onRefused === "stop")) return { steps, isDone: false };
  const changes = changesOf(steps, timers);
  if (changes.length > 0) keepClaims(dataDir, all, withClaims(all, source, pendingClaims(steps, claims)));
  const updated = await desk.apply(changes);
  keepClaims(dataDir, readClaims(dataDir), withClaims(readClaims(dataDir), source, settledClaims(steps, claims)));
  return { steps: steps.map((step) => afterwards(step, updated)), isDone: true };
}

/** A timer whose secrets could not be compared turns out to have been updated, or to have been the same. */
function afterwards(step: SyncStep, updated: ReadonlySet<string>): SyncStep {
  if (step.kind !== "unchanged" || !step.isUnsure) return step;
  if (!updated.has(step.id)) return { ...step, isUnsure: false };
  const { id, declared, adopts } = step;
  const changes = [{ option: "secrets", before: redactedText, after: redactedText }];
  return { kind: "update", id, declared, adopts, changes };
}

function changesOf(steps: readonly SyncStep[], timers: readonly ConfiguredTimer[]): TimerChange[] {
  const byId = new Map(timers.map((timer) => [timer.id, timer]));
  return steps.flatMap((step): TimerChange[] => {
    if (step.kind === "prune") return [{ kind: "cancel", id: step.id }];
    const isScheduled =
      step.kind === "create" || step.kind === "update" || (step.kind === "unchanged" && step.isUnsure);
    const timer = isScheduled ? byId.get(step.id) : undefined;
    return timer === undefined ? [] : [{ kind: "schedule", timer, options: timer.options }];
  });
}

function othersOf(all: Claims, source: string): ReadonlyMap<string, string> {
  return new Map(
    [...all].filter(([name]) => name !== source).flatMap(([name, ids]) => [...ids.keys()].map((id) => [id, name])),
  );
}

/** What may be on record if the changes are cut short. */
function pendingClaims(steps: readonly SyncStep[], before: ReadonlyMap<string, Claim>): Map<string, Claim> {
  const claims = new Map(before);
  for (const step of steps) {
    if (step.kind !== "create" && step.kind !== "update") continue;
    const pending = fingerprint(step.declared.definition, step.declared.atMs);
    claims.set(step.id, { ...before.get(step.id), pending });
  }
  return claims;
}

/** What is on record once the changes are made. What others have remade is no longer claimed. */
function settledClaims(steps: readonly SyncStep[], before: ReadonlyMap<string, Claim>): Map<string, Claim> {
  const claims = new Map<string, Claim>();
  for (const step of steps) {
    const claim = before.get(step.id);
    if ("declared" in step) claims.set(step.id, { settled: fingerprint(step.declared.definition, step.declared.atMs) });
    else if (step.kind === "keep" && step.why === "not-asked" && claim !== undefined) claims.set(step.id, claim);
  }
  return claims;
}

/** With those of `source` replaced; a timer is claimed by one source only. */
function withClaims(all: Claims, source: string, own: ReadonlyMap<string, Claim>): Claims {
  const claims = new Map([...all].map(([name, ids]) => [name, new Map([...ids].filter(([id]) => !own.has(id)))]));
  claims.set(source, new Map(own));
  return new Map([...claims].filter(([, ids]) => ids.size > 0));
}

function keepClaims(dataDir: string, before: Claims, after: Claims): void {
  if (textOf(before) !== textOf(after)) writeClaims(dataDir, after);
}

function textOf(claims: Claims): string {
  return JSON.stringify([...claims].map(([source, ids]) => [source, [...ids]]));
}
