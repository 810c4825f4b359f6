/** What every snapshot store does, whatever it keeps its bytes in. */

import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { isKronError } from "../../src/core/errors.ts";
import type { SnapshotBatch, SnapshotStore } from "../../src/ports.ts";
import type { Suite } from "../support/suite.ts";

/** One kind of store, on a place of its own. */
export interface StoreRig {
  /** Opens the store at the one path of this rig. */
  open(): Promise<SnapshotStore>;
  /** Opens the store that was copied to `path`. */
  openAt(path: string): Promise<SnapshotStore>;
  /** A path beside the store. */
  path(name: string): string;
  /** All bytes of the store's file, to be looked at and changed. */
  readFile(): Buffer;
  writeFile(bytes: Uint8Array): void;
  /** Gives the place back. */
  dispose(): void;
}

/** Bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** All pairs of a store from `from` up to `to`, as texts. */
export function pairsOf(store: SnapshotStore, from = "\x00", to = "\xff", reverse = false): [string, string][] {
  const pairs: [string, string][] = [];
  store.visit({ from: bytesOf(from), to: bytesOf(to), reverse }, (key, value) => {
    pairs.push([Buffer.from(key).toString("latin1"), Buffer.from(value).toString("latin1")]);
    return true;
  });
  return pairs;
}

/** Writes `pairs` at once; undefined removes. */
export function put(store: SnapshotStore, pairs: Readonly<Record<string, string | undefined>>): Promise<void> {
  return store.write(async (batch) => {
    for (const [key, value] of Object.entries(pairs)) {
      if (value === undefined) batch.remove(bytesOf(key));
      else batch.put(bytesOf(key), bytesOf(value));
    }
  });
}

/** Waits for the next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const hasCode = (code: string) => (error: unknown) => isKronError(error) && error.code === code;

/** Adds the tests of the contract to `test`. */
export function testStoreContract(test: Suite, makeRig: () => StoreRig): void {
  const add = (name: string, body: (store: SnapshotStore, rig: StoreRig) => Promise<void>): void => {
    test(name, async () => {
      const rig = makeRig();
      const store = await rig.open();
      try {
        await body(store, rig);
      } finally {
        await store.close();
        rig.dispose();
      }
    });
  };
  addReads(add);
  addOwnership(add);
  addWrites(add);
  addLongWrites(add);
  addFiles(add);
  addLargeContents(add);
}

type Add = (name: string, body: (store: SnapshotStore, rig: StoreRig) => Promise<void>) => void;

function addReads(add: Add): void {
  add("a store that was never written is empty", async (store) => {
    equal(store.bytes, 0);
    equal(store.get(bytesOf("a")), undefined);
    deepEqual(pairsOf(store), []);
  });

  add("get() and visit() give what was put, empty values and all bytes included", async (store) => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString("latin1");
    await put(store, { b: "two", a: "", ab: all, "a\x00": "zero", "\xff\xff": "last" });
    deepEqual(
      ["a", "a\x00", "ab", "b", "\xff\xff", "c", "aa"].map((key) => store.get(bytesOf(key))?.length),
      [0, 4, 256, 3, 4, undefined, undefined],
    );
    deepEqual(pairsOf(store), [
      ["a", ""],
      ["a\x00", "zero"],
      ["ab", all],
      ["b", "two"],
    ]);
    ok(store.bytes > 0);
  });

  add("visit() takes both directions, both bounds, and an end before the end", async (store) => {
    await put(store, Object.fromEntries(Array.from("bdfhj", (key) => [key, key])));
    const keys = (from: string, to: string, reverse = false): string =>
      pairsOf(store, from, to, reverse)
        .map(([key]) => key)
        .join("");
    deepEqual([keys("a", "z"), keys("b", "j"), keys("c", "i"), keys("bb", "jj")], ["bdfhj", "bdfh", "dfh", "dfhj"]);
    deepEqual([keys("a", "z", true), keys("b", "j", true), keys("c", "i", true)], ["jhfdb", "hfdb", "hfd"]);
    deepEqual([keys("z", "a"), keys("d", "d"), keys("e", "f"), keys("k", "z"), keys("a", "b")], ["", "", "", "", ""]);
    const seen: string[] = [];
    store.visit({ from: bytesOf("a"), to: bytesOf("z"), reverse: true }, (key) => {
      seen.push(String.fromCharCode(key[0] ?? 0));
      return seen.length < 2;
    });
    deepEqual(seen, ["j", "h"]);
  });
}

function addOwnership(add: Add): void {
  add("visit() lets the caller's own error through, and allows reads within", async (store) => {
    await put(store, { a: "1", b: "2" });
    const range = { from: bytesOf("a"), to: bytesOf("z") };
    throws(
      () =>
        store.visit(range, () => {
          throw new Error("mine");
        }),
      /^Error: mine$/,
    );
    const within: unknown[] = [];
    store.visit(range, (key, value) => {
      within.push(store.get(bytesOf("b"))?.[0], pairsOf(store).length, key[0], value[0]);
      return true;
    });
    deepEqual(within, [50, 2, 97, 49, 50, 2, 98, 50]);
  });

  add("bytes given and bytes got belong to the one who has them", async (store) => {
    const key = bytesOf("key");
    const value = bytesOf("value");
    await store.write(async (batch) => {
      batch.put(key, value);
      key.fill(0);
      value.fill(0);
    });
    const got = store.get(bytesOf("key"));
    equal(Buffer.from(got ?? []).toString(), "value");
    got?.fill(0);
    equal(Buffer.from(store.get(bytesOf("key")) ?? []).toString(), "value");
  });
}

function addWrites(add: Add): void {
  add("a later write changes, adds and removes; the last change of a key counts", async (store) => {
    await put(store, { a: "1", b: "2", c: "3" });
    await put(store, { b: undefined, c: "4", d: "5", nothing: undefined });
    await store.write(async (batch) => {
      batch.remove(bytesOf("a"));
      batch.put(bytesOf("a"), bytesOf("6"));
      batch.put(bytesOf("e"), bytesOf("7"));
      batch.put(bytesOf("e"), bytesOf("8"));
      batch.put(bytesOf("f"), bytesOf("9"));
      batch.remove(bytesOf("f"));
      batch.put(bytesOf("d"), bytesOf("10"));
      batch.remove(bytesOf("d"));
    });
    deepEqual(pairsOf(store), [
      ["a", "6"],
      ["c", "4"],
      ["e", "8"],
    ]);
    await put(store, { a: undefined, c: undefined, e: undefined });
    deepEqual(pairsOf(store), []);
    await put(store, {});
    await put(store, { z: "1" });
    deepEqual(pairsOf(store), [["z", "1"]]);
  });

  add("a write whose fill throws changes nothing and rejects with that", async (store) => {
    await put(store, { a: "1" });
    const failing = store.write(async (batch) => {
      batch.put(bytesOf("a"), bytesOf("2"));
      await turn();
      batch.put(bytesOf("b"), bytesOf("2"));
      throw new Error("mine");
    });
    await rejects(failing, /^Error: mine$/);
    deepEqual(pairsOf(store), [["a", "1"]]);
    await put(store, { b: "3" });
    deepEqual(pairsOf(store), [
      ["a", "1"],
      ["b", "3"],
    ]);
  });
}

function addLongWrites(add: Add): void {
  add("a write may take many turns, and until it is over reads see what was written last", async (store) => {
    await put(store, { a: "1" });
    await store.write(async (batch) => {
      for (let step = 0; step < 100; step += 1) {
        batch.put(bytesOf(`k${step}`), bytesOf("x".repeat(1000)));
        await turn();
        deepEqual(pairsOf(store), [["a", "1"]]);
      }
    });
    equal(pairsOf(store).length, 101);
  });

  add("a second write, or a copy, is refused while one is running", async (store, rig) => {
    const during: unknown[] = [];
    await store.write(async (batch) => {
      batch.put(bytesOf("a"), bytesOf("1"));
      for (const other of [() => put(store, { a: "2" }), () => store.copyTo(rig.path("copy"))]) {
        await other().catch((error: unknown) => during.push(isKronError(error) && error.code));
      }
    });
    deepEqual(during, ["KRON_SNAPSHOT_FAILED", "KRON_SNAPSHOT_FAILED"]);
    deepEqual(pairsOf(store), [["a", "1"]]);
  });

  add("keys of no bytes or over 64 bytes are refused", async (store) => {
    for (const key of ["", "k".repeat(65)]) {
      for (const change of [
        (batch: SnapshotBatch) => batch.put(bytesOf(key), bytesOf("")),
        (batch: SnapshotBatch) => batch.remove(bytesOf(key)),
      ]) {
        await rejects(
          store.write(async (batch) => change(batch)),
          hasCode("KRON_SNAPSHOT_FAILED"),
        );
      }
    }
    await put(store, { ["k".repeat(64)]: "1" });
    equal(pairsOf(store).length, 1);
  });

  add("close() during a write ends it, and nothing has changed", async (store, rig) => {
    await put(store, { a: "1" });
    let closing: Promise<void> | undefined;
    const writing = store.write(async (batch) => {
      batch.put(bytesOf("a"), bytesOf("2"));
      closing = store.close();
      await turn();
      throws(() => batch.put(bytesOf("b"), bytesOf("2")), hasCode("KRON_STOPPED"));
      throws(() => batch.remove(bytesOf("a")), hasCode("KRON_STOPPED"));
    });
    await rejects(writing, hasCode("KRON_STOPPED"));
    await closing;
    throws(() => store.get(bytesOf("a")), hasCode("KRON_STOPPED"));
    throws(() => pairsOf(store), hasCode("KRON_STOPPED"));
    await rejects(put(store, { a: "3" }), hasCode("KRON_STOPPED"));
    const again = await rig.open();
    deepEqual(pairsOf(again), [["a", "1"]]);
    await again.close();
  });
}

function addFiles(add: Add): void {
  add("what was written is there when the store is opened again", async (store, rig) => {
    await put(store, { a: "1", b: "2".repeat(9000) });
    await store.close();
    const again = await rig.open();
    deepEqual(pairsOf(again), [
      ["a", "1"],
      ["b", "2".repeat(9000)],
    ]);
    await put(again, { c: "3" });
    await again.close();
    const third = await rig.open();
    equal(pairsOf(third).length, 3);
    await third.close();
  });

  add("copyTo() makes a file that opens as what was written last", async (store, rig) => {
    const path = rig.path("copy");
    await rejects(store.copyTo(path), hasCode("KRON_SNAPSHOT_FAILED"));
    await put(store, { a: "1", b: "2".repeat(300_000) });
    await store.copyTo(path);
    await put(store, { a: "changed" });
    const copy = await rig.openAt(path);
    deepEqual(pairsOf(copy, "a", "b"), [["a", "1"]]);
    equal(copy.get(bytesOf("b"))?.length, 300_000);
    await copy.close();
    await store.copyTo(path);
    const second = await rig.openAt(path);
    deepEqual(pairsOf(second, "a", "b"), [["a", "changed"]]);
    await second.close();
  });
}

function addLargeContents(add: Add): void {
  add("values of megabytes beside small ones", async (store, rig) => {
    const big = Buffer.alloc(5_000_000);
    for (let at = 0; at < big.length; at += 1) big[at] = (at * 31) >>> 3;
    await store.write(async (batch) => {
      batch.put(bytesOf("big"), big);
      batch.put(bytesOf("small"), bytesOf("1"));
    });
    await store.close();
    const again = await rig.open();
    ok(big.equals(again.get(bytesOf("big")) ?? new Uint8Array(0)));
    await put(again, { big: "now small" });
    deepEqual(pairsOf(again), [
      ["big", "now small"],
      ["small", "1"],
    ]);
    await again.close();
  });

  add("50,000 keys", async (store, rig) => {
    const keyOf = (number: number): Uint8Array => bytesOf(`k${String(number).padStart(6, "0")}`);
    await store.write(async (batch) => {
      for (let number = 0; number < 50_000; number += 1) {
        batch.put(keyOf((number * 7919) % 50_000), bytesOf(`${number}`.repeat(10)));
        if (number % 5_000 === 0) await turn();
      }
    });
    await store.write(async (batch) => {
      for (let number = 0; number < 50_000; number += 3) batch.remove(keyOf(number));
    });
    await store.close();
    const again = await rig.open();
    let count = 0;
    let expected = 0;
    again.visit({ from: keyOf(0), to: keyOf(50_000) }, (key) => {
      while (expected % 3 === 0) expected += 1;
      count += 1;
      ok(Buffer.from(key).equals(keyOf(expected)));
      expected += 1;
      return true;
    });
    equal(count, 33_333);
    equal(again.get(keyOf(3)), undefined);
    ok(again.get(keyOf(4)) !== undefined);
    await again.close();
  });
}
