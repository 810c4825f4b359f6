/** The plan of a sync: single cases, and properties over a model that carries plans out. */

import fc from "fast-check";
import * as assert from "uvu/assert";
import type { TimerDefinition } from "../../src/core/definition.ts";
import { parseScheduleOptions, type ScheduleOptions } from "../../src/core/options.ts";
import { redactDefinition } from "../../src/core/redact.ts";
import {
  type Claim,
  type DeclaredTimer,
  fingerprint,
  optionChanges,
  planSync,
  type RecordedTimer,
  type SyncInput,
  type SyncStep,
} from "../../src/core/sync-plan.ts";
import { suite } from "../support/suite.ts";

const test = suite("sync plan");

function declare(id: string, options: ScheduleOptions): DeclaredTimer {
  const { definition, atMs, payload } = parseScheduleOptions(id, { command: ["true"], ...options }, () => undefined);
  return { id, definition, atMs, payload };
}

function recorded(id: string, options: ScheduleOptions, anchorMs = 0): RecordedTimer {
  const { definition, atMs, payload } = parseScheduleOptions(id, { command: ["true"], ...options }, () => undefined);
  return { id, definition, anchorMs: atMs ?? anchorMs, payload };
}

function claimed(timer: RecordedTimer | DeclaredTimer): Claim {
  return { settled: fingerprint(timer.definition, "anchorMs" in timer ? timer.anchorMs : timer.atMs) };
}

function plan(input: Partial<SyncInput> & { readonly there?: readonly RecordedTimer[] }): SyncStep[] {
  return planSync({
    ...{ declared: [], claims: new Map(), otherClaims: new Map(), prune: false, adopt: false, ...input },
    recorded: new Map((input.there ?? []).map((timer) => [timer.id, timer])),
  });
}

const every = { every: "1h" };

test("what is not there is created, what is the same left alone, sorted by id", () => {
  const declared = [declare("b", every), declare("a", every)];
  const steps = plan({
    declared,
    there: [recorded("a", every)],
    claims: new Map([["a", claimed(recorded("a", every))]]),
  });
  assert.equal(
    steps.map(({ kind, id }) => [kind, id]),
    [
      ["unchanged", "a"],
      ["create", "b"],
    ],
  );
  assert.is(steps[0]?.kind === "unchanged" && steps[0].adopts, false);
});

test("an update says which options change", () => {
  const before = { every: "1h", env: { A: "1" }, payload: { n: 1 }, retry: { maxAttempts: 5 } };
  const after = { cron: "@daily", env: { A: "2" }, payload: { n: 2 }, timeout: "5s" };
  const [step] = plan({ declared: [declare("a", after)], there: [recorded("a", before)] });
  assert.is(step?.kind, "update");
  assert.equal(step?.kind === "update" && step.adopts, true);
  assert.equal(step?.kind === "update" && step.changes.map(({ option, before: was, after: is }) => [option, was, is]), [
    ["every", 3_600_000, undefined],
    ["env.A", "1", "2"],
    ["retry.maxAttempts", 5, 3],
    ["timeout", 0, 5_000],
    ["payload", { n: 1 }, { n: 2 }],
    ["cron", undefined, "@daily"],
    ["timezone", undefined, "UTC"],
    ["dst", undefined, "vixie"],
    ["dayMatch", undefined, "or"],
  ]);
});

test("another instant of at, and another payload, are changes; a body is one option", () => {
  const at = (text: string): ScheduleOptions => ({ at: text });
  const [moved] = plan({
    declared: [declare("a", at("2026-01-02T00:00:00Z"))],
    there: [recorded("a", at("2026-01-01T00:00:00Z"))],
  });
  assert.equal(moved?.kind === "update" && moved.changes.map(({ option }) => option), ["at"]);
  const http = (body: unknown): ScheduleOptions => ({
    every: "1h",
    command: undefined,
    http: { url: "http://x", body },
  });
  const [body] = plan({ declared: [declare("a", http({ n: 1 }))], there: [recorded("a", http({ n: 2 }))] });
  assert.equal(body?.kind === "update" && body.changes.map(({ option }) => option), ["http.body"]);
  assert.equal(optionChanges(recorded("a", { ...every, payload: 1 }), declare("a", every)), [
    { option: "payload", before: 1, after: undefined },
  ]);
});

test("what is no longer declared is pruned only when asked for, claimed, and as it was made", () => {
  const mine = recorded("a", every);
  const other = recorded("a", { every: "2h" });
  const claims = new Map([["a", claimed(mine)]]);
  assert.equal(plan({ there: [mine], claims }), [{ kind: "keep", id: "a", why: "not-asked" }]);
  assert.equal(plan({ there: [mine], claims, prune: true }), [{ kind: "prune", id: "a" }]);
  assert.equal(plan({ there: [other], claims, prune: true }), [{ kind: "keep", id: "a", why: "changed-since" }]);
  assert.equal(plan({ there: [], claims, prune: true }), [{ kind: "forget", id: "a" }]);
  assert.equal(plan({ there: [mine], prune: true }), [], "nobody claimed it");
  const pending = new Map([["a", { pending: claimed(mine).settled ?? "" }]]);
  assert.equal(plan({ there: [mine], claims: pending, prune: true }), [{ kind: "prune", id: "a" }]);
});

test("a timer with a callback, or of another configuration, is refused", () => {
  const code = recorded("a", { every: "1h", command: undefined });
  assert.equal(plan({ declared: [declare("a", every)], there: [code] }), [
    { kind: "refuse", id: "a", why: "callback", source: "" },
  ]);
  const otherClaims = new Map([["a", "/etc/other"]]);
  assert.equal(plan({ declared: [declare("a", every)], otherClaims }), [
    { kind: "refuse", id: "a", why: "other-source", source: "/etc/other" },
  ]);
  assert.is(plan({ declared: [declare("a", every)], otherClaims, adopt: true })[0]?.kind, "create");
});

test("a one-shot that was made and is forgotten does not run again", () => {
  const once = declare("a", { after: "1h" });
  const settled = new Map([["a", claimed(once)]]);
  assert.is(plan({ declared: [once], claims: settled })[0]?.kind, "finished");
  assert.is(plan({ declared: [declare("a", { after: "2h" })], claims: settled })[0]?.kind, "create", "another one");
  const pending = new Map([["a", { pending: settled.get("a")?.settled ?? "" }]]);
  assert.is(plan({ declared: [once], claims: pending })[0]?.kind, "create", "it may never have been made");
  const repeating = declare("a", every);
  assert.is(plan({ declared: [repeating], claims: new Map([["a", claimed(repeating)]]) })[0]?.kind, "create");
});

test("beside a runtime that hides secrets, the rest is compared, and it is said that they may differ", () => {
  const options = { ...every, env: { TOKEN: "old", A: "1" } };
  const { definition } = recorded("a", options);
  const there = { ...recorded("a", options), definition: redactDefinition(definition), hidesSecrets: true };
  const claims = new Map([["a", claimed(recorded("a", options))]]);
  const of = (env: Record<string, string>): SyncStep | undefined =>
    plan({ declared: [declare("a", { ...every, env })], there: [there], claims })[0];
  const unsure = of({ TOKEN: "new", A: "1" });
  assert.equal([unsure?.kind, unsure?.kind === "unchanged" && unsure.isUnsure], ["unchanged", true]);
  const changed = of({ TOKEN: "new", A: "2" });
  assert.equal(changed?.kind === "update" && changed.changes, [{ option: "env.A", before: "1", after: "2" }]);
  assert.is(changed?.kind === "update" && changed.adopts, false, "claims know nothing of secrets");
  const open = { ...recorded("b", every), hidesSecrets: true };
  const [sure] = plan({ declared: [declare("b", every)], there: [open] });
  assert.is(sure?.kind === "unchanged" && sure.isUnsure, false);
});

test("fingerprints tell definitions and instants apart, and stay what they are", () => {
  const { definition } = declare("a", every);
  // A change of these texts makes every claim on disk void.
  assert.is(fingerprint(definition, 5), fingerprint(definition, undefined));
  assert.is(fingerprint(definition, undefined), "872de2e89782ed51");
  const at: TimerDefinition = { ...definition, schedule: { kind: "at" } };
  assert.is.not(fingerprint(at, 5), fingerprint(at, 6));
});

const ids: readonly string[] = ["a", "b", "c", "d"];
const choices: readonly ScheduleOptions[] = [every, { every: "2h" }, { cron: "@daily" }, { ...every, payload: [1] }];
const worlds = fc.record({
  wanted: fc.subarray([...ids]),
  there: fc.subarray([...ids]),
  claimedIds: fc.subarray([...ids]),
  options: fc.array(fc.constantFrom(...choices), { minLength: 12, maxLength: 12 }),
  prune: fc.boolean(),
});

test("carrying a plan out makes the declared timers stand, and a second plan has nothing to do", () => {
  fc.assert(
    fc.property(worlds, ({ wanted, there, claimedIds, options, prune }) => {
      const option = (at: number): ScheduleOptions => options[at] ?? every;
      const declared = wanted.map((id) => declare(id, option(ids.indexOf(id))));
      const before = there.map((id) => recorded(id, option(4 + ids.indexOf(id))));
      const claims = new Map(claimedIds.map((id) => [id, claimed(recorded(id, option(8 + ids.indexOf(id))))]));
      const input = { declared, there: before, claims, prune };
      const steps = plan(input);
      const state = new Map(before.map((timer) => [timer.id, timer]));
      const after = new Map<string, Claim>();
      for (const step of steps) {
        if (step.kind === "create" || step.kind === "update")
          state.set(step.id, { ...step.declared, anchorMs: step.declared.atMs ?? 0 });
        if (step.kind === "prune") {
          assert.ok(prune && !wanted.includes(step.id));
          assert.ok(claims.has(step.id), "only what was claimed is pruned");
          state.delete(step.id);
        }
        if ("declared" in step) after.set(step.id, claimed(step.declared));
        if (step.kind === "keep") after.set(step.id, claims.get(step.id) ?? {});
      }
      for (const timer of declared) assert.equal(state.get(timer.id)?.definition, timer.definition);
      for (const { id } of before) if (!claims.has(id)) assert.ok(state.has(id), "what nobody declared stays");
      const again = plan({ declared, there: [...state.values()], claims: after, prune });
      for (const step of again) assert.ok(["unchanged", "keep"].includes(step.kind), step.kind);
    }),
    { numRuns: 1_000 },
  );
});

test.run();
