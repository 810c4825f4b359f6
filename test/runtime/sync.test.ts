/** Claims and changes of a sync, against a desk in memory. */

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { ScheduleOptions } from "../../src/core/options.ts";
import { redactDefinition } from "../../src/core/redact.ts";
import type { RecordedTimer } from "../../src/core/sync-plan.ts";
import { Zones } from "../../src/core/zone.ts";
import { claimsName, readClaims } from "../../src/runtime/claims.ts";
import { type ConfiguredTimer, readConfigTimers } from "../../src/runtime/config-timers.ts";
import { type SyncRequest, type SyncResult, syncTimers, type TimerDesk } from "../../src/runtime/sync.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { suite } from "../support/suite.ts";

const test = suite("sync");
const recurrences = new Recurrences(new Zones(intlOffsetSource()));
const every: ScheduleOptions = { every: "1h", command: ["true"] };
let dataDir = "";
let timers = new Map<string, RecordedTimer>();

test.beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "kron-sync-"));
  timers = new Map();
});
test.afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function configured(options: Record<string, ScheduleOptions>): readonly ConfiguredTimer[] {
  return readConfigTimers(options, undefined, recurrences).timers;
}

/** A desk that fails before its change number `failAt`. */
function desk(failAt = Number.POSITIVE_INFINITY): TimerDesk & { readonly applied: string[] } {
  const applied: string[] = [];
  return {
    applied,
    recorded: async (ids) => new Map([...timers].filter(([id]) => ids.has(id))),
    apply: async (changes) => {
      for (const change of changes) {
        if (applied.length === failAt) throw new Error("killed");
        if (change.kind === "cancel") timers.delete(change.id);
        else timers.set(change.timer.id, { ...change.timer, anchorMs: change.timer.atMs ?? 0 });
        applied.push(change.kind === "cancel" ? `-${change.id}` : change.timer.id);
      }
      return new Set(applied.filter((id) => id === "has-secret"));
    },
  };
}

function run(
  declared: Record<string, ScheduleOptions>,
  more: Partial<SyncRequest> = {},
  at: TimerDesk = desk(),
): Promise<SyncResult> {
  const request = { dataDir, source: "main", timers: configured(declared), prune: false, adopt: false };
  return syncTimers({ ...request, isDryRun: false, onRefused: "stop", ...more }, at);
}

const kinds = ({ steps }: SyncResult): string[] => steps.map(({ kind, id }) => `${kind} ${id}`);
const claimed = (source = "main"): string[] => [...(readClaims(dataDir).get(source)?.keys() ?? [])].sort();

test("timers are made, claimed, and left alone the next time, without a write", async () => {
  assert.equal(kinds(await run({ a: every, b: every })), ["create a", "create b"]);
  assert.equal(claimed(), ["a", "b"]);
  const { mtimeMs, ino, mode } = statSync(join(dataDir, claimsName));
  assert.is(mode & 0o777, 0o600);
  const again = desk();
  assert.equal(kinds(await run({ a: every, b: every }, {}, again)), ["unchanged a", "unchanged b"]);
  assert.equal(again.applied, []);
  const after = statSync(join(dataDir, claimsName));
  assert.equal([after.mtimeMs, after.ino], [mtimeMs, ino]);
});

test("a dry run changes and claims nothing", async () => {
  const at = desk();
  const result = await run({ a: every }, { isDryRun: true }, at);
  assert.is(result.isDone, false);
  assert.equal(at.applied, []);
  assert.equal(claimed(), []);
});

test("only what was claimed is pruned, and only when asked for", async () => {
  await run({ a: every, b: every });
  timers.set("by-hand", { ...(configured({ x: every })[0] as ConfiguredTimer), id: "by-hand", anchorMs: 0 });
  assert.equal(kinds(await run({ a: every })), ["unchanged a", "keep b"]);
  assert.equal(claimed(), ["a", "b"], "it can still be pruned later");
  assert.equal(kinds(await run({ a: every }, { prune: true })), ["unchanged a", "prune b"]);
  assert.equal([...timers.keys()].sort(), ["a", "by-hand"]);
  assert.equal(claimed(), ["a"]);
});

test("a sync that was cut short is taken up again, and can prune what it had made", async () => {
  await run({ a: every, b: every, c: every }, {}, desk(2)).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, "killed"),
  );
  assert.equal([...timers.keys()], ["a", "b"]);
  assert.equal(claimed(), ["a", "b", "c"], "claims come first");
  assert.equal(kinds(await run({}, { prune: true })), ["prune a", "prune b", "forget c"]);
  assert.is(timers.size, 0);
});

test("an update that was cut short can still be pruned, whichever side of it stands", async () => {
  const other = { ...every, every: "2h" };
  for (const failAt of [0, 1]) {
    await run({ a: every, z: every });
    await run({ a: other, z: other }, {}, desk(failAt)).catch(() => undefined);
    assert.equal(kinds(await run({}, { prune: true })), ["prune a", "prune z"]);
  }
});

test("what something else has remade meanwhile is not pruned", async () => {
  await run({ a: every }, {}, desk(0)).catch(() => undefined);
  timers.set("a", { ...(configured({ a: { ...every, every: "3h" } })[0] as ConfiguredTimer), anchorMs: 0 });
  assert.equal(kinds(await run({}, { prune: true })), ["keep a"]);
  assert.is(timers.size, 1);
  assert.equal(claimed(), []);
});

test("two configurations keep out of each other's way, unless one adopts", async () => {
  await run({ a: every });
  const other = { source: "other" };
  const refused = await run({ a: every, b: every }, other);
  assert.equal(kinds(refused), ["refuse a", "create b"]);
  assert.is(refused.isDone, false);
  assert.is(timers.size, 1, "one that cannot be had stops all");
  assert.is((await run({ a: every, b: every }, { ...other, onRefused: "skip" })).isDone, true);
  assert.equal([claimed(), claimed("other")], [["a"], ["b"]]);
  await run({ a: every, b: every }, { ...other, adopt: true });
  assert.equal([claimed(), claimed("other")], [[], ["a", "b"]]);
});

test("a one-shot that ran and was forgotten is not made again", async () => {
  const once: ScheduleOptions = { after: "1h", command: ["true"] };
  await run({ a: once });
  timers.clear();
  assert.equal(kinds(await run({ a: once })), ["finished a"]);
  assert.equal(kinds(await run({ a: once })), ["finished a"], "it stays remembered");
  assert.equal(kinds(await run({ a: { ...once, after: "2h" } })), ["create a"]);
});

test("secrets that nobody shows are compared when they are set", async () => {
  const hidden = (at: TimerDesk): TimerDesk => ({
    ...at,
    recorded: async (ids) =>
      new Map(
        [...(await at.recorded(ids))].map(([id, timer]) => {
          return [id, { ...timer, definition: redactDefinition(timer.definition), hidesSecrets: true }];
        }),
      ),
  });
  const declared = { "has-secret": { ...every, env: { TOKEN: "x" } }, other: { ...every, env: { TOKEN: "y" } } };
  await run(declared);
  const at = desk();
  const dry = await run(declared, { isDryRun: true }, hidden(at));
  assert.equal(kinds(dry), ["unchanged has-secret", "unchanged other"]);
  assert.equal(at.applied, []);
  const done = await run(declared, {}, hidden(at));
  assert.equal(at.applied, ["has-secret", "other"]);
  assert.equal(kinds(done), ["update has-secret", "unchanged other"], "the desk says which was not the same");
});

test("claims that cannot be read stop a sync with a way out", async () => {
  for (const text of [
    "{",
    "[]",
    '{"version":2,"sources":{}}',
    '{"version":1,"sources":{"m":[]}}',
    '{"version":1,"sources":{"m":{"a":1}}}',
  ]) {
    writeFileSync(join(dataDir, claimsName), text);
    const before = readFileSync(join(dataDir, claimsName), "utf8");
    await run({ a: every }).then(
      () => assert.unreachable(text),
      (error: { code?: string; hint?: string }) => {
        assert.is(error.code, "KRON_DIR_UNUSABLE");
        assert.match(error.hint ?? "", /Remove the file/);
      },
    );
    assert.is(readFileSync(join(dataDir, claimsName), "utf8"), before);
  }
});

test.run();
