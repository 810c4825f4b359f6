import * as assert from "uvu/assert";
import { nodeDisk } from "../src/journal/node-disk.ts";
import type { Disk } from "../src/ports.ts";
import { codeOf, freshDirectory, make, nextRun, quiet, removeDirectories, silent } from "./support/runtimes.ts";
import { suite } from "./support/suite.ts";

const test = suite("kron/trouble");

test.after(removeDirectories);

/** The real disk, until a test switches something off. */
function faultyDisk() {
  const faults = { isFull: false, syncFails: false };
  const disk: Disk = {
    ...nodeDisk,
    write(file, from, position) {
      if (faults.isFull) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      return nodeDisk.write(file, from, position);
    },
    syncData(file, done) {
      if (faults.syncFails) setImmediate(() => done(new Error("input/output error")));
      else nodeDisk.syncData(file, done);
    },
  };
  return { faults, disk };
}

test("a full disk refuses changes, keeps what ended, and is told when it is over", async () => {
  const { faults, disk } = faultyDisk();
  const kron = make({ disk });
  await kron.start();
  let release = (): void => undefined;
  const call = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  await kron.schedule("t", { every: "1h" }, call);
  await kron.trigger("t");
  faults.isFull = true;
  assert.is(await codeOf(() => kron.pause("t")), "KRON_DISK_FULL");
  assert.is((await kron.runtime()).isWritable, false);
  release();
  const done = nextRun(kron, "RUN_SUCCEEDED");
  faults.isFull = false;
  await done;
  assert.is((await kron.runtime()).isWritable, true);
  assert.is((await kron.pause("t")).changed, true);
  await kron.shutdown();
});

test("a failed sync ends the runtime: state failed, an error event, and the next start recovers", async () => {
  for (const listens of [true, false]) {
    const { faults, disk } = faultyDisk();
    const dataDir = freshDirectory();
    const logged: string[] = [];
    const kron = make({ dataDir, disk, logger: { ...quiet, error: (_fields, message) => logged.push(message) } });
    const told: string[] = [];
    if (listens) kron.on("error", ({ code }) => told.push(code));
    await kron.start();
    await kron.schedule("t", { every: "1h" }, silent);
    faults.syncFails = true;
    assert.is(await codeOf(() => kron.pause("t")), "KRON_JOURNAL_FAILED");
    assert.is(kron.state, "failed");
    assert.is(await codeOf(() => kron.schedule("u", { every: "1h" }, silent)), "KRON_JOURNAL_FAILED");
    assert.equal([told.length, logged.length], listens ? [1, 0] : [0, 1]);
    await kron.shutdown();
    const again = make({ dataDir });
    await again.start();
    assert.ok((await again.status("t")) !== undefined);
    await again.shutdown();
  }
});

test("a start that cannot write leaves the runtime as it was, to be started again", async () => {
  const { faults, disk } = faultyDisk();
  const dataDir = freshDirectory();
  const kron = make({ dataDir, disk });
  await kron.schedule("t", { every: "1h" }, silent);
  faults.isFull = true;
  assert.is(await codeOf(() => kron.start()), "KRON_DISK_FULL");
  assert.equal([kron.state, (await kron.runtime()).timers], ["new", 1]);
  faults.isFull = false;
  await kron.start();
  assert.is((await kron.status("t"))?.state, "scheduled");
  faults.isFull = true;
  await kron.shutdown();
  const full = make({ dataDir, disk });
  await full.schedule("u", { every: "1h" }, silent);
  assert.is(await codeOf(() => full.start()), "KRON_DISK_FULL");
  faults.isFull = false;
  await full.start();
  assert.is((await full.list()).length, 2);
  await full.shutdown();
});

test("shutdown during start() is refused, and cancel of what is queued is not", async () => {
  const kron = make();
  await kron.schedule("t", { every: "1h" }, silent);
  await kron.schedule("u", { every: "1h" }, silent);
  const started = kron.start();
  assert.is(await codeOf(() => kron.shutdown()), "KRON_NOT_STARTED");
  assert.is((await kron.cancel("u")).changed, true);
  await started;
  assert.equal(
    (await kron.list()).filter(({ state }) => state !== "cancelled").map(({ id }) => id),
    ["t"],
  );
  await kron.shutdown();
});

test.run();
