/**
 * Finds the snapshot of a directory and decides what it is kept in from now on.
 *
 * LMDB where it works, else the plain file. Whether LMDB works is known by trying it, and it is not tried before the
 * first write: a runtime that never writes a snapshot should not pay for it. Until then the file that is there is
 * read as it is, by plain reads, whatever kind it has. When the first write decides for the other kind, it carries
 * everything over, and the old file goes once the new one is durable.
 */

import { join } from "node:path";
import { KronError } from "../core/errors.ts";
import { quietly } from "../journal/files.ts";
import type { Clock, Disk, SnapshotBatch, SnapshotRange, SnapshotStore } from "../ports.ts";
import type { FileStoreOptions } from "./file-store.ts";
import { keyBytesMax } from "./key-order.ts";
import { openLmdbStore } from "./lmdb-store.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { Pace } from "./pace.ts";
import { lmdbName, pagesName, removeIfThere, removeLeftovers } from "./snapshot-files.ts";

/** What the caller asks for; `auto` is LMDB where it works. */
export type StoreWish = "auto" | "lmdb" | "file";

/** What the snapshot is kept in, and why, for people. */
export interface StoreChoice {
  readonly kind: "lmdb" | "file";
  readonly reason: string;
}

/** How to open a directory's snapshot. */
export interface OpenStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly wish: StoreWish;
  /** How new a store's content is, such as its applied index; asked when two kinds are there. */
  readonly age: (store: SnapshotStore) => number;
  /** Told once when LMDB was tried and does not work, so that the plain file takes its place. */
  readonly onPlainFile?: (reason: string) => void;
  /** Why LMDB does not work in this directory, or undefined when it does; by trying it, unless given. */
  readonly probe?: (directory: string, disk: Disk) => Promise<string | undefined>;
}

/** A store that knows what it is kept in. */
export interface ChosenStore extends SnapshotStore {
  /** Final after the first write. */
  readonly choice: StoreChoice;
}

/**
 * Opens the snapshot in `directory`, whose lock the caller holds. Leftovers of interrupted writes are removed.
 *
 * Rejects with `KRON_SNAPSHOT_CORRUPT` (`details.path` says which file; see `setAside`), `KRON_SNAPSHOT_VERSION`,
 * or `KRON_SNAPSHOT_FAILED`, also when LMDB is wished for and does not work.
 */
export async function openStore(directory: string, options: OpenStoreOptions): Promise<ChosenStore> {
  const { disk, wish } = options;
  removeLeftovers(disk, directory);
  const found = await openFound(directory, options);
  const wanted = wish === "file" ? "file" : "lmdb";
  const store = new SwitchingStore(directory, options, wanted, found);
  if (wish === "lmdb") await store.decide();
  return store;
}

/** Where the file of a kind stands. */
function pathOf(directory: string, kind: "lmdb" | "file"): string {
  return join(directory, kind === "lmdb" ? lmdbName : pagesName);
}

function openKind(directory: string, kind: "lmdb" | "file", { disk, clock }: OpenStoreOptions): Promise<SnapshotStore> {
  const path = pathOf(directory, kind);
  return kind === "lmdb"
    ? Promise.resolve().then(() => openLmdbStore(path, { disk }))
    : openPlainFile(path, { disk, clock });
}

/** As `openFileStore`, which most directories never need and so is loaded when one does. */
export async function openPlainFile(path: string, options: FileStoreOptions): Promise<SnapshotStore> {
  const { openFileStore } = await import("./file-store.ts");
  return openFileStore(path, options);
}

/** The store with the newest content; two are there when a write that changed the kind was interrupted. */
async function openFound(directory: string, options: OpenStoreOptions): Promise<SnapshotStore | undefined> {
  let newest: SnapshotStore | undefined;
  for (const kind of ["lmdb", "file"] as const) {
    if (!options.disk.exists(pathOf(directory, kind))) continue;
    const store = await openKind(directory, kind, options).catch(async (error: unknown) => {
      await newest?.close();
      throw error;
    });
    if (newest === undefined || options.age(store) > options.age(newest)) {
      await newest?.close();
      newest = store;
    } else await store.close();
  }
  return newest;
}

class SwitchingStore implements ChosenStore {
  readonly #directory: string;
  readonly #options: OpenStoreOptions;
  readonly #turn: OneAtATime;
  #store: SnapshotStore | undefined;
  #choice: StoreChoice;
  #isDecided = false;
  #isSettled = false;
  /** The store of the other kind while everything is carried over to it. */
  #target: SnapshotStore | undefined;

  constructor(directory: string, options: OpenStoreOptions, wanted: "lmdb" | "file", found: SnapshotStore | undefined) {
    this.#directory = directory;
    this.#options = options;
    this.#turn = new OneAtATime(directory);
    this.#store = found;
    this.#choice =
      wanted === "file"
        ? { kind: "file", reason: "the plain file was asked for" }
        : { kind: "lmdb", reason: "LMDB is tried at the first write" };
    this.#isDecided = wanted === "file";
  }

  get kind(): "lmdb" | "file" {
    return this.#store?.kind ?? this.#choice.kind;
  }

  get choice(): StoreChoice {
    return this.#choice;
  }

  get bytes(): number {
    return this.#store?.bytes ?? 0;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#turn.requireOpen();
    return this.#store?.get(key);
  }

  visit(range: SnapshotRange, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    this.#turn.requireOpen();
    this.#store?.visit(range, visit);
  }

  write(fill: (batch: SnapshotBatch) => Promise<void>): Promise<void> {
    return this.#turn.run(async () => {
      await this.decide();
      this.#turn.requireOpen();
      const { kind } = this.#choice;
      const old = this.#store;
      if (old?.kind === kind) await old.write(fill);
      else await this.#carryOver(old, kind, fill);
      if (this.#isSettled) return;
      // What is there of the other kind is older than what was just written.
      const other = pathOf(this.#directory, kind === "lmdb" ? "file" : "lmdb");
      quietly(() => removeIfThere(this.#options.disk, other));
      this.#isSettled = true;
    });
  }

  copyTo(path: string): Promise<void> {
    return this.#turn.run(async () => {
      if (this.#store !== undefined) return this.#store.copyTo(path);
      throw new KronError("KRON_SNAPSHOT_FAILED", `Expected a snapshot to copy, got none in ${this.#directory}`);
    });
  }

  async close(): Promise<void> {
    const isOver = this.#turn.close();
    // These end what runs in them at its next step.
    await this.#target?.close();
    await this.#store?.close();
    await isOver;
  }

  /** Finds out whether LMDB works, once. */
  async decide(): Promise<void> {
    if (this.#isDecided) return;
    const { wish, disk, probe = (await import("./lmdb-probe.ts")).probeLmdb } = this.#options;
    const trouble = await probe(this.#directory, disk);
    if (trouble !== undefined && wish === "lmdb") {
      throw new KronError("KRON_SNAPSHOT_FAILED", `Expected LMDB to work, got: ${trouble}`, {
        hint: 'Use `snapshot: "auto"` or `snapshot: "file"`, or install lmdb for this platform',
      });
    }
    this.#choice =
      trouble === undefined
        ? { kind: "lmdb", reason: "LMDB works here" }
        : { kind: "file", reason: `LMDB does not work here: ${trouble}` };
    this.#isDecided = true;
    if (trouble !== undefined) this.#options.onPlainFile?.(trouble);
  }

  /** Writes everything that is in `old`, and then the changes, to a store of the other kind. */
  async #carryOver(
    old: SnapshotStore | undefined,
    kind: "lmdb" | "file",
    fill: (batch: SnapshotBatch) => Promise<void>,
  ): Promise<void> {
    const target = await openKind(this.#directory, kind, this.#options);
    this.#target = target;
    try {
      await target.write(async (batch) => {
        this.#turn.requireOpen();
        if (old !== undefined) await copyAll(old, target, batch, new Pace(this.#options.clock));
        await fill(batch);
      });
    } catch (error) {
      await target.close();
      throw error;
    } finally {
      this.#target = undefined;
    }
    this.#store = target;
    await old?.close();
  }
}

/** Puts all pairs of `from`, a slice at a time, after removing what an interrupted write left in `target`. */
async function copyAll(from: SnapshotStore, target: SnapshotStore, batch: SnapshotBatch, pace: Pace): Promise<void> {
  const end = new Uint8Array(keyBytesMax + 1).fill(0xff);
  let next: Uint8Array | undefined = new Uint8Array(0);
  target.visit({ from: next, to: end }, (key) => {
    batch.remove(key);
    return true;
  });
  while (next !== undefined) {
    let last: Uint8Array | undefined;
    from.visit({ from: next, to: end }, (key, value) => {
      batch.put(key, value);
      if (!pace.spend(key.length + value.length)) return true;
      last = Uint8Array.from([...key, 0]);
      return false;
    });
    next = last;
    await pace.nextTurn();
  }
}
