/** Which kind a directory's snapshot is kept in, and how it changes. */

import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isKronError } from "../../src/core/errors.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { SnapshotStore } from "../../src/ports.ts";
import { openFileStore } from "../../src/snapshot/file-store.ts";
import { probeLmdb } from "../../src/snapshot/lmdb-probe.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";
import { type ChosenStore, type OpenStoreOptions, openStore } from "../../src/snapshot/open-store.ts";
import { setAside } from "../../src/snapshot/snapshot-files.ts";
import { systemClock } from "../../src/system.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { temporaryDirectory } from "./rigs.ts";
import { bytesOf, pairsOf, put, testStoreContract, turn } from "./store-contract.ts";

const test = suite("open store", 60_000);
const clock = systemClock();
const hasCode = (code: string) => (error: unknown) => isKronError(error) && error.code === code;
const clockOnly = "const systemClock = () => ({ monotonicMs: () => performance.now() });";
const works = async (): Promise<undefined> => undefined;
const missing = async (): Promise<string> => "no binary";

/** How new a store of these tests is. */
function age(store: SnapshotStore): number {
  return Number(Buffer.from(store.get(bytesOf("age")) ?? "0").toString());
}

function open(directory: string, options: Partial<OpenStoreOptions> = {}): Promise<ChosenStore> {
  return openStore(directory, { disk: nodeDisk, clock, wish: "auto", age, ...options });
}

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const { directory, dispose } = temporaryDirectory();
  try {
    await body(directory);
  } finally {
    dispose();
  }
}

test("auto takes LMDB, and tries it at the first write only", () =>
  inDirectory(async (directory) => {
    const store = await open(directory);
    deepEqual([store.kind, store.bytes, pairsOf(store), store.get(bytesOf("a"))], ["lmdb", 0, [], undefined]);
    equal(store.choice.reason, "LMDB is tried at the first write");
    deepEqual(readdirSync(directory), []);
    await rejects(store.copyTo(join(directory, "copy")), hasCode("KRON_SNAPSHOT_FAILED"));
    await put(store, { a: "1" });
    deepEqual(store.choice, { kind: "lmdb", reason: "LMDB works here" });
    deepEqual(readdirSync(directory), ["kron.snapshot"]);
    await put(store, { b: "2" });
    await store.copyTo(join(directory, "copy"));
    ok(store.bytes > 0);
    await store.close();
    throws(() => store.get(bytesOf("a")), hasCode("KRON_STOPPED"));
    const again = await open(directory);
    equal(pairsOf(again).length, 2);
    await again.close();
  }));

test("without LMDB auto takes the plain file, and says why", () =>
  inDirectory(async (directory) => {
    const told: string[] = [];
    const store = await open(directory, { probe: missing, onPlainFile: (reason) => told.push(reason) });
    deepEqual(told, []);
    await put(store, { a: "1" });
    await put(store, { a: "2" });
    deepEqual(told, ["no binary"]);
    deepEqual(store.choice, { kind: "file", reason: "LMDB does not work here: no binary" });
    deepEqual([store.kind, readdirSync(directory)], ["file", ["kron.snapshot.pages"]]);
    await store.close();
  }));

test("a wish is granted or refused, never bent", () =>
  inDirectory(async (directory) => {
    await rejects(open(directory, { wish: "lmdb", probe: missing }), hasCode("KRON_SNAPSHOT_FAILED"));
    const file = await open(directory, { wish: "file", probe: missing });
    deepEqual(file.choice, { kind: "file", reason: "the plain file was asked for" });
    await put(file, { a: "1" });
    await file.close();
    const lmdb = await open(directory, { wish: "lmdb" });
    deepEqual([lmdb.choice.reason, lmdb.kind], ["LMDB works here", "file"]);
    await lmdb.close();
  }));

for (const [from, to] of [
  ["lmdb", "file"],
  ["file", "lmdb"],
] as const) {
  test(`a directory that comes with ${from} is read as it is, and carried over to ${to} by the first write`, () =>
    inDirectory(async (directory) => {
      const first = await open(directory, { wish: from });
      await put(first, Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`k${index}`, "v".repeat(3000)])));
      await first.close();
      const second = await open(directory, { wish: to });
      equal(second.kind, from);
      equal(pairsOf(second).length, 900);
      await rejects(
        second.write(() => Promise.reject(new Error("mine"))),
        /mine/,
      );
      equal(second.kind, from);
      await put(second, { k1: "changed", k2: undefined });
      equal(second.kind, to);
      equal(pairsOf(second).length, 899);
      deepEqual(readdirSync(directory), [to === "lmdb" ? "kron.snapshot" : "kron.snapshot.pages"]);
      await second.close();
      const third = await open(directory, { wish: to });
      equal(Buffer.from(third.get(bytesOf("k1")) ?? []).toString(), "changed");
      await third.close();
    }));
}

test("of two kinds the newer content counts, and the other one goes with the next write", async () => {
  for (const [lmdbAge, fileAge, wish] of [
    ["1", "2", "lmdb"],
    ["2", "1", "file"],
    ["2", "2", "lmdb"],
    ["1", "2", "file"],
  ] as const) {
    await inDirectory(async (directory) => {
      const lmdb = openLmdbStore(join(directory, "kron.snapshot"), { disk: nodeDisk });
      await put(lmdb, { age: lmdbAge, lmdb: "1", stale: "1" });
      await lmdb.close();
      const file = await openFileStore(join(directory, "kron.snapshot.pages"), { disk: nodeDisk, clock });
      await put(file, { age: fileAge, file: "1" });
      await file.close();
      const store = await open(directory, { wish, probe: works });
      const newest = fileAge > lmdbAge ? "file" : "lmdb";
      equal(age(store), 2);
      equal(store.kind, newest);
      await put(store, { more: "1" });
      const keys = pairsOf(store).map(([key]) => key);
      deepEqual(keys, newest === "file" ? ["age", "file", "more"] : ["age", "lmdb", "more", "stale"]);
      deepEqual(readdirSync(directory), [wish === "lmdb" ? "kron.snapshot" : "kron.snapshot.pages"]);
      await store.close();
    });
  }
});

test("a damaged file is refused by its name, and opening works once it is set aside", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "kron.snapshot");
    const pages = join(directory, "kron.snapshot.pages");
    const file = await openFileStore(pages, { disk: nodeDisk, clock });
    await put(file, { a: "1" });
    await file.close();
    for (const bad of [path, pages]) {
      if (bad === pages) await put(openLmdbStore(path, { disk: nodeDisk }), { b: "2" });
      writeFileSync(bad, "garbage");
      const error: unknown = await open(directory).catch((thrown: unknown) => thrown);
      ok(isKronError(error, "KRON_SNAPSHOT_CORRUPT"));
      equal(error.details?.path, bad);
      equal(setAside(nodeDisk, bad, 5), `${bad}.damaged-5`);
      equal(readFileSync(`${bad}.damaged-5`, "utf8"), "garbage");
      const store = await open(directory);
      equal(pairsOf(store).length, 1);
      await store.close();
    }
    writeFileSync(path, "again");
    equal(setAside(nodeDisk, path, 5), `${path}.damaged-5-2`);
  }));

test("leftovers of interrupted writes are removed", () =>
  inDirectory(async (directory) => {
    const left = ["kron.snapshot.next", "kron.snapshot.next-lock", "kron.snapshot.1.next", "kron.snapshot.pages.next"];
    for (const name of [...left, "kron.snapshot.damaged-1"]) writeFileSync(join(directory, name), "x");
    await (await open(directory)).close();
    deepEqual(readdirSync(directory), ["kron.snapshot.damaged-1"]);
  }));

test("a probe that a full disk stops decides nothing", () =>
  inDirectory(async (directory) => {
    let isFull = true;
    const disk = {
      ...nodeDisk,
      write: (...call: Parameters<typeof nodeDisk.write>): number => {
        if (isFull) throw Object.assign(new Error("full"), { code: "ENOSPC" });
        return nodeDisk.write(...call);
      },
    };
    const store = await open(directory, { disk });
    await rejects(put(store, { a: "1" }), hasCode("KRON_DISK_FULL"));
    equal(store.choice.reason, "LMDB is tried at the first write");
    isFull = false;
    await put(store, { a: "1" });
    equal(store.kind, "lmdb");
    equal(await probeLmdb(directory, nodeDisk), undefined, "and again beside a file");
    await store.close();
  }));

test("where a trial of LMDB ends badly, or its package is missing, the plain file is taken", () =>
  inDirectory(async (directory) => {
    const { execPath } = process;
    try {
      process.execPath = "/bin/false";
      equal(await probeLmdb(directory, nodeDisk), "a trial of it ended with 1");
      process.execPath = "/bin/true";
      equal(await probeLmdb(directory, nodeDisk), "a trial of it ended with no result");
    } finally {
      process.execPath = execPath;
    }
    // The same code where no packages are to be found, in a directory that comes with an LMDB file.
    const store = await open(directory);
    await put(store, { a: "1" });
    await store.close();
    const elsewhere = join(directory, "elsewhere");
    cpSync(fileURLToPath(new URL("../../src", import.meta.url)), join(elsewhere, "src"), { recursive: true });
    writeFileSync(join(elsewhere, "package.json"), '{"type":"module"}');
    const script = `
      import { nodeDisk } from "./src/journal/node-disk.js";
      import { openStore } from "./src/snapshot/open-store.js";
      ${clockOnly}
      const options = { disk: nodeDisk, clock: systemClock(), wish: "auto", age: () => 1 };
      const store = await openStore(process.argv[2], options);
      await store.write(async (batch) => batch.put(Buffer.from("b"), Buffer.from("2")));
      process.stdout.write(JSON.stringify([store.kind, store.choice.reason, String(store.get(Buffer.from("a")))]));
      await store.close();`;
    writeFileSync(join(elsewhere, "main.js"), script);
    const { stdout, stderr } = spawnSync(execPath, [join(elsewhere, "main.js"), directory], { encoding: "utf8" });
    const [kind, reason, a] = JSON.parse(stdout || JSON.stringify([stderr])) as string[];
    deepEqual([kind, a], ["file", "49"]);
    ok(/LMDB does not work here: .*lmdb/.test(reason ?? ""), reason);
  }));

test("close() while everything is carried over ends it", () =>
  inDirectory(async (directory) => {
    const first = await open(directory, { wish: "file" });
    await put(first, { a: "1" });
    await first.close();
    const second = await open(directory, { wish: "lmdb" });
    const writing = second.write(async (batch) => {
      void second.close();
      await turn();
      batch.put(bytesOf("b"), bytesOf("2"));
    });
    await rejects(writing, hasCode("KRON_STOPPED"));
    deepEqual(readdirSync(directory), ["kron.snapshot.pages"]);
  }));

test.run();

const contract = suite("open store, plain file on a simulated disk");
testStoreContract(contract, () => {
  const disk = new SimDisk();
  disk.makeDirectory("/data");
  const path = "/data/kron.snapshot.pages";
  const options = { disk, clock, wish: "file", age } as const;
  return {
    open: () => openStore("/data", options),
    openAt: (at) => openFileStore(at, options),
    path: (name) => join("/data", name),
    readFile: () => disk.contents(path),
    writeFile: (bytes) => disk.put(path, bytes),
    dispose: () => undefined,
  };
});
contract.run();
