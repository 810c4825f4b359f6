/** Places for stores: a directory of this machine, or a simulated disk. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileStore } from "../../src/snapshot/file-store.ts";
import { openLmdbStore } from "../../src/snapshot/lmdb-store.ts";
import { systemClock } from "../../src/system.ts";
import { SimDisk } from "../support/sim-disk.ts";
import type { StoreRig } from "./store-contract.ts";

/** A directory that is removed by `dispose`. */
export function temporaryDirectory(): { readonly directory: string; dispose(): void } {
  const directory = mkdtempSync(join(tmpdir(), "kron-snapshot-"));
  return { directory, dispose: () => rmSync(directory, { recursive: true, force: true }) };
}

/** An LMDB store in a directory of its own. */
export function lmdbRig(): StoreRig {
  const { directory, dispose } = temporaryDirectory();
  const path = join(directory, "kron.snapshot");
  return {
    open: async () => openLmdbStore(path, { disk: nodeDisk }),
    openAt: async (at) => openLmdbStore(at, { disk: nodeDisk }),
    path: (name) => join(directory, name),
    readFile: () => readFileSync(path),
    writeFile: (bytes) => writeFileSync(path, bytes),
    dispose,
  };
}

/** A plain file in a directory of its own. */
export function fileRig(): StoreRig {
  const { directory, dispose } = temporaryDirectory();
  const path = join(directory, "kron.snapshot.pages");
  const options = { disk: nodeDisk, clock: systemClock() };
  return {
    open: () => openFileStore(path, options),
    openAt: (at) => openFileStore(at, options),
    path: (name) => join(directory, name),
    readFile: () => readFileSync(path),
    writeFile: (bytes) => writeFileSync(path, bytes),
    dispose,
  };
}

/** A plain file on a simulated disk, where every write and read is cut short too. */
export function simRig(): StoreRig {
  const disk = new SimDisk();
  disk.makeDirectory("/data");
  disk.transferBytesMax = 100_000;
  const path = "/data/kron.snapshot.pages";
  const options = { disk, clock: systemClock() };
  return {
    open: () => openFileStore(path, options),
    openAt: (at) => openFileStore(at, options),
    path: (name) => join("/data", name),
    readFile: () => disk.contents(path),
    writeFile: (bytes) => disk.put(path, bytes),
    dispose: () => undefined,
  };
}
