/**
 * A checkpoint: what changed in the state since the last one, written to the snapshot in one atomic write, as of
 * one index, while the engine goes on. Work is done in slices of about 2 ms; a page that changes before its
 * turn is written just before (copy on write, see `core/changes.ts`).
 */

import type { FrozenChanges } from "../core/changes.ts";
import { encodeDefinition } from "../core/definition.ts";
import type { DefinitionChanges } from "../core/definition-table.ts";
import type { Retention } from "../core/retention.ts";
import type { State } from "../core/state.ts";
import { packCopy } from "../journal/codec.ts";
import type { Clock, Progress, SnapshotBatch, SnapshotStore } from "../ports.ts";
import { HistoryWriter } from "./history-writer.ts";
import { definitionKeyOf, metaKey } from "./keys.ts";
import { encodeMeta, type SnapshotMeta } from "./meta.ts";
import { Pace } from "./pace.ts";
import { PageWriter } from "./page-writer.ts";

/** About what one of each is worth in the pace of a checkpoint, in bytes. */
const definitionBytes = 256;
const keyBytes = 32;
const pageBytes = 4_096;
const rowBytes = 64;

/** What a checkpoint works with. */
export interface CheckpointContext {
  readonly state: State;
  readonly store: SnapshotStore;
  readonly clock: Clock;
  readonly uuid: Uint8Array;
  readonly retention: Retention;
  /** Resolves once the journal has synced everything up to `index`: a snapshot is never ahead of it. */
  synced(index: number): Promise<void>;
  readonly progress?: Progress;
}

/** What one checkpoint hands to the next. */
export interface CheckpointCursor {
  readonly serial: number;
  readonly historyBytes: number;
  /** Where the search for old history goes on. */
  readonly sweepFrom: Uint8Array | undefined;
}

/** What a checkpoint has written. */
export interface Checkpoint {
  readonly meta: SnapshotMeta;
  readonly pages: number;
  readonly next: CheckpointCursor;
}

/** All that is taken at the one instant. */
interface Frozen {
  readonly meta: SnapshotMeta;
  readonly changes: FrozenChanges;
  readonly definitions: DefinitionChanges;
  readonly forgotten: readonly number[];
}

/**
 * Writes a checkpoint as of the index that is applied when the store is ready for it. Rejects with what the
 * store or the journal throws; the state is then as if it had not been tried.
 */
export async function writeCheckpoint(context: CheckpointContext, cursor: CheckpointCursor): Promise<Checkpoint> {
  const { state, store, clock } = context;
  const pace = new Pace(clock);
  let frozen: Frozen | undefined;
  let history: HistoryWriter | undefined;
  let checkpoint: Checkpoint | undefined;
  try {
    await store.write(async (batch) => {
      history = new HistoryWriter(state, store, batch, context.retention, clock.nowMs(), cursor.historyBytes);
      const pages = new PageWriter(state, batch, history);
      frozen = freeze(context, cursor, pages);
      await writeDefinitions(batch, frozen.definitions, pace);
      await writePages(context, frozen.changes, pages, pace);
      await history.dropForgotten(frozen.forgotten, pace);
      const sweepFrom = await history.dropOld(cursor.sweepFrom, pace);
      await history.dropBeyondBytes(pace);
      await context.synced(frozen.meta.appliedIndex);
      pages.check();
      const meta = { ...frozen.meta, historyBytes: history.bytes };
      batch.put(metaKey, encodeMeta(meta));
      const next = { serial: meta.serial, historyBytes: meta.historyBytes, sweepFrom };
      checkpoint = { meta, pages: frozen.changes.pages.length, next };
    });
  } catch (error) {
    if (frozen !== undefined) unfreeze(state, frozen);
    throw error;
  }
  if (frozen !== undefined) state.changes.thaw(frozen.changes, true);
  if (history !== undefined) await dropWritten(state, history, pace);
  // The store resolves only after `fill` has run to its end.
  return checkpoint as unknown as Checkpoint;
}

function freeze(context: CheckpointContext, cursor: CheckpointCursor, pages: PageWriter): Frozen {
  const { state, uuid, clock } = context;
  const { timers, definitions, runs } = state;
  const changes = state.changes.freeze((page) => pages.write(page));
  pages.begin(changes);
  const meta: SnapshotMeta = {
    uuid,
    appliedIndex: state.appliedIndex,
    appliedTerm: state.appliedTerm,
    recordCount: state.recordCount,
    atMs: state.atMs,
    boot: state.boot,
    isRunning: state.isRunning,
    lastDefinitionNumber: definitions.lastNumber,
    definitionCount: definitions.size,
    slotCount: timers.slotCount,
    timerCount: timers.size,
    runCount: runs.size,
    historyBytes: 0,
    serial: cursor.serial + 1,
    writtenAtMs: clock.nowMs(),
  };
  return { meta, changes, definitions: definitions.takeChanges(), forgotten: state.history.takeForgotten() };
}

function unfreeze(state: State, { changes, definitions, forgotten }: Frozen): void {
  state.changes.thaw(changes, false);
  state.definitions.returnChanges(definitions);
  state.history.returnForgotten(forgotten);
}

async function writeDefinitions(batch: SnapshotBatch, { fresh, gone }: DefinitionChanges, pace: Pace): Promise<void> {
  for (const [number, definition] of fresh) {
    batch.put(definitionKeyOf(number), packCopy(encodeDefinition(definition)));
    if (pace.spend(definitionBytes)) await pace.nextTurn();
  }
  for (const number of gone) {
    batch.remove(definitionKeyOf(number));
    if (pace.spend(keyBytes)) await pace.nextTurn();
  }
}

async function writePages(
  { state, progress }: CheckpointContext,
  changes: FrozenChanges,
  pages: PageWriter,
  pace: Pace,
): Promise<void> {
  progress?.begin("writing the snapshot", "pages", changes.pages.length);
  for (const page of changes.pages) {
    if (state.changes.isFrozen(page)) pages.write(page);
    pages.check();
    progress?.add(1, "pages");
    if (pace.spend(pageBytes)) await pace.nextTurn();
  }
}

/** Rows that stand in the snapshot now need not be in memory, unless their timer has been forgotten meanwhile. */
async function dropWritten(state: State, { written, places }: HistoryWriter, pace: Pace): Promise<void> {
  const { timers, history } = state;
  for (const { slot, reference, lastRow, placesEnd } of written) {
    if (timers.reference(slot) === reference) {
      // Some of the written rows may have made room for newer ones: the oldest, so it is the last that are left.
      const firstHeld = timers.historyCount.get(slot) - history.lengthOf(slot) + 1;
      history.dropOldest(slot, places, placesEnd - Math.max(0, lastRow - firstHeld + 1), placesEnd);
    }
    if (pace.spend(rowBytes)) await pace.nextTurn();
  }
}
