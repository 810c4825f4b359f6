/** Reads a snapshot into an empty state, and checks that everything it should hold is there. */

import { slotsPerPage } from "../core/changes.ts";
import { decodeDefinition } from "../core/definition.ts";
import { KronError } from "../core/errors.ts";
import type { Run } from "../core/run.ts";
import type { State } from "../core/state.ts";
import { unpackValue } from "../journal/codec.ts";
import type { SnapshotStore } from "../ports.ts";
import { ByteReader } from "./byte-reader.ts";
import { allOf, metaKey, numberOfKey, payloadKeyOf } from "./keys.ts";
import { decodeMeta, type SnapshotMeta } from "./meta.ts";
import { decodePage } from "./page-codec.ts";

/** What a snapshot says it is as of, or undefined when nothing was ever written to the store. Throws as `decodeMeta`. */
export function readMeta(store: SnapshotStore): SnapshotMeta | undefined {
  const bytes = store.get(metaKey);
  return bytes === undefined ? undefined : decodeMeta(bytes);
}

/**
 * Fills `state`, which must be new, from the snapshot that `meta` was read from. Throws `KRON_SNAPSHOT_CORRUPT`, and
 * what reading definitions throws; the state is then of no use.
 */
export function loadSnapshot(store: SnapshotStore, meta: SnapshotMeta, state: State): void {
  const retired: [slot: number, retiredBy: number][] = [];
  const large: number[] = [];
  const runs: Run[] = [];
  state.timers.reserve(meta.timerCount);
  loadDefinitions(store, meta, state);
  let page = 0;
  store.visit(allOf("page"), (key, value) => {
    if (numberOfKey(key) !== page || state.timers.slotCount !== page * slotsPerPage) throw missing(`page ${page}`);
    decodePage(state, page, new ByteReader(value, `page ${page}`), {
      largePayload: (slot) => large.push(slot),
      retired: (slot, retiredBy) => retired.push([slot, retiredBy]),
      run: (run) => runs.push(run),
    });
    page += 1;
    return true;
  });
  for (const slot of large) loadPayload(store, state, slot);
  for (const [slot, retiredBy] of retired.sort((a, b) => a[1] - b[1])) state.retired.set(slot, retiredBy);
  for (const run of runs.sort((a, b) => a.id - b.id)) {
    state.runs.add(run);
    if (run.state === "running") state.runningCount += 1;
  }
  countUsers(state);
  takeMeta(state, meta);
}

function loadDefinitions(store: SnapshotStore, meta: SnapshotMeta, state: State): void {
  store.visit(allOf("definition"), (key, value) => {
    state.definitions.restore(numberOfKey(key), decodeDefinition(unpackValue(value, 0, value.length)));
    return true;
  });
  if (state.definitions.size !== meta.definitionCount) throw missing("a definition");
}

function loadPayload(store: SnapshotStore, state: State, slot: number): void {
  const bytes = store.get(payloadKeyOf(slot));
  if (bytes === undefined) throw missing(`the payload of slot ${slot}`);
  state.timers.setPayload(slot, unpackValue(bytes, 0, bytes.length));
}

function countUsers(state: State): void {
  const { timers, definitions } = state;
  for (let slot = 0; slot < timers.slotCount; slot++) {
    if (!timers.has(slot)) continue;
    if (!definitions.restoreUser(timers.definition.get(slot))) throw missing(`the definition of slot ${slot}`);
  }
}

function takeMeta(state: State, meta: SnapshotMeta): void {
  const { timers, runs, definitions } = state;
  if (timers.slotCount !== meta.slotCount || timers.size !== meta.timerCount) throw missing("a page");
  if (runs.size !== meta.runCount) throw missing("a run");
  // A place that no page filled reads as undefined.
  if (timers.freeSlots.includes(undefined as unknown as number)) throw missing("a free slot");
  definitions.restoreLastNumber(meta.lastDefinitionNumber);
  state.appliedIndex = meta.appliedIndex;
  state.appliedTerm = meta.appliedTerm;
  state.recordCount = meta.recordCount;
  state.atMs = meta.atMs;
  state.boot = meta.boot;
  state.isRunning = meta.isRunning;
}

function missing(what: string): KronError {
  return new KronError("KRON_SNAPSHOT_CORRUPT", `Expected the snapshot to hold ${what}, it does not`, {
    hint: "Run `kron doctor`; restore the newest backup with `kron restore`",
  });
}
