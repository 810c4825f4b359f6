import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isKronError, Kron, type KronOptions } from "../../src/index.ts";
import { copyDirectory } from "../support/copy-directory.ts";
import { suite } from "../support/suite.ts";
import { kron, scratchDirectory, silent } from "./command-line.ts";

const test = suite("foreign", 120_000);

type SnapshotKind = "lmdb" | "file";

const refusals = ["KRON_SNAPSHOT_FOREIGN", "KRON_JOURNAL_CORRUPT"];
const names = { lmdb: "kron.snapshot", file: "kron.snapshot.pages" } as const;
const directories = new Map<string, string>();

function runtime(dataDir: string, options: KronOptions = {}): Kron {
  return new Kron({ dataDir, logger: silent, segmentBytes: 65_536, checkpoint: { bytes: 65_536 }, ...options });
}

async function addTimers(kron_: Kron, prefix: string, count: number, mark = ""): Promise<void> {
  for (let from = 0; from < count; from += 100) {
    const ids = Array.from({ length: 100 }, (_, n) => `${prefix}-${from + n}`);
    await Promise.all(
      ids.map((id) => kron_.schedule(id, { every: "1h", payload: `${mark} ${"x".repeat(200)}` }, () => undefined)),
    );
  }
}

/** A directory with both generations of a snapshot and segments before and behind the newest, as a crash leaves it. */
async function fullDirectory(kind: SnapshotKind, name: string): Promise<string> {
  const written = join(scratchDirectory(), "data");
  const dataDir = join(scratchDirectory(), "data");
  const first = runtime(written, { snapshot: kind });
  await first.start();
  // Changes that make the journal longer and the snapshot no larger, until the older generation is worth its writes.
  for (let round = 0; round < 10 && !existsSync(join(written, `${names[kind]}.1`)); round++) {
    await addTimers(first, `${name}-one`, 1_500, String(round));
    await first.checkpoint();
  }
  await first.shutdown();
  // No more checkpoints of its own: the segments behind the last one stay.
  const second = runtime(written, { snapshot: kind, checkpoint: { bytes: 2 ** 30 } });
  await second.start();
  await addTimers(second, `${name}-two`, 500);
  await second.checkpoint();
  await addTimers(second, `${name}-three`, 500);
  copyDirectory(written, dataDir);
  await second.shutdown();
  const found = readdirSync(dataDir);
  for (const wanted of [names[kind], `${names[kind]}.1`, "kron.aof", "kron.sync"]) {
    assert.ok(found.includes(wanted), `${wanted} in ${found.join(" ")}`);
  }
  assert.ok(sealedOf(dataDir).length >= 2, found.join(" "));
  return dataDir;
}

function sealedOf(dataDir: string): string[] {
  return readdirSync(dataDir)
    .filter((name) => /^kron\.aof\.[0-9a-f]{16}$/.test(name))
    .sort();
}

/** A copy of a directory of this kind that a test may spoil. */
function copyOf(kind: SnapshotKind, which: "ours" | "theirs"): string {
  const dataDir = join(scratchDirectory(), "data");
  copyDirectory(directories.get(`${kind} ${which}`) ?? "", dataDir);
  return dataDir;
}

/** The code with which a start is refused, and what a runtime does is undone. */
async function startCode(dataDir: string): Promise<string> {
  const started = runtime(dataDir);
  try {
    await started.start();
  } catch (error) {
    if (isKronError(error)) return error.code;
    throw error;
  }
  await started.shutdown();
  return "none";
}

/** Nothing may be gone; a snapshot that is damaged besides may have been set aside and replaced. */
function filesOf(dataDir: string): string[] {
  return readdirSync(dataDir)
    .filter((name) => !name.includes(".damaged-") && name !== "kron.aof.next")
    .sort();
}

async function assertRefused(dataDir: string, what: string): Promise<void> {
  const before = filesOf(dataDir);
  const code = await startCode(dataDir);
  assert.ok(refusals.includes(code), `${what}: ${code}`);
  assert.equal(filesOf(dataDir), before, what);
  const doctor = kron(["doctor", "--data-dir", dataDir]);
  assert.is(doctor.exitCode, 6, `${what}: ${doctor.stdout}${doctor.stderr}`);
}

test.before(async () => {
  for (const kind of ["lmdb", "file"] as const) {
    for (const which of ["ours", "theirs"] as const) {
      // The same names, so that only the ids of the journals tell the directories apart.
      directories.set(`${kind} ${which}`, await fullDirectory(kind, "same"));
    }
  }
});

for (const kind of ["lmdb", "file"] as const) {
  const name = names[kind];

  test(`a ${kind} snapshot of another directory is refused`, async () => {
    const dataDir = copyOf(kind, "ours");
    copyFileSync(join(copyOf(kind, "theirs"), name), join(dataDir, name));
    await assertRefused(dataDir, name);
  });

  test(`a ${kind} snapshot of another directory is refused where there was none`, async () => {
    const dataDir = copyOf(kind, "ours");
    for (const file of [name, `${name}.1`]) rmSync(join(dataDir, file));
    copyFileSync(join(copyOf(kind, "theirs"), name), join(dataDir, name));
    await assertRefused(dataDir, name);
  });

  test(`a ${kind} snapshot of another directory beside one of the other kind is refused`, async () => {
    const other = kind === "lmdb" ? "file" : "lmdb";
    const dataDir = copyOf(kind, "ours");
    copyFileSync(join(copyOf(other, "theirs"), names[other]), join(dataDir, names[other]));
    const code = await startCode(dataDir);
    // One that is not newer than ours is not used, and replaced with the next checkpoint.
    assert.ok([...refusals, "none"].includes(code), code);
    if (code === "none") assert.is(await timersOf(dataDir), 2_500);
  });

  test(`an older generation of another directory is never used`, async () => {
    const dataDir = copyOf(kind, "ours");
    copyFileSync(join(copyOf(kind, "theirs"), `${name}.1`), join(dataDir, `${name}.1`));
    const damaged = copyOf(kind, "ours");
    copyDirectory(dataDir, damaged);
    writeFileSync(join(damaged, name), "not a snapshot at all");
    await assertRefused(damaged, `${name}.1`);
    const report = kron(["doctor", "--data-dir", dataDir]);
    assert.is(report.exitCode, 6, report.stdout);
    assert.match(report.stdout, /older-snapshot-foreign/);
    assert.is(await startCode(dataDir), "none");
    assert.is(await timersOf(dataDir), 2_500);
  });
}

async function timersOf(dataDir: string): Promise<number> {
  const started = runtime(dataDir);
  await started.start();
  const count = (await started.list()).length;
  await started.shutdown();
  return count;
}

test("an active segment of another directory is refused", async () => {
  const dataDir = copyOf("lmdb", "ours");
  copyFileSync(join(copyOf("lmdb", "theirs"), "kron.aof"), join(dataDir, "kron.aof"));
  await assertRefused(dataDir, "kron.aof");
});

test("a sealed segment of another directory is refused, by the start that reads it", async () => {
  const theirs = copyOf("lmdb", "theirs");
  const codes: string[] = [];
  for (const [position, name] of sealedOf(copyOf("lmdb", "ours")).entries()) {
    const dataDir = copyOf("lmdb", "ours");
    copyFileSync(join(theirs, sealedOf(theirs)[position] ?? ""), join(dataDir, name));
    assert.is(kron(["doctor", "--data-dir", dataDir]).exitCode, 6, name);
    // One in front of the newest snapshot is read only when the older generation has to be used.
    const older = copyOf("lmdb", "ours");
    copyDirectory(dataDir, older);
    writeFileSync(join(older, "kron.snapshot"), "not a snapshot at all");
    await assertRefused(older, `${name} behind the older generation`);
    codes.push(await startCode(dataDir));
  }
  assert.ok(refusals.includes(codes.at(-1) ?? ""), codes.join(" "));
  assert.is(codes[0], "none");
});

test("a sidecar of another directory is refused", async () => {
  const dataDir = copyOf("lmdb", "ours");
  copyFileSync(join(copyOf("lmdb", "theirs"), "kron.sync"), join(dataDir, "kron.sync"));
  await assertRefused(dataDir, "kron.sync");
});

test("a whole journal of another directory under our snapshot is refused", async () => {
  const dataDir = copyOf("lmdb", "ours");
  const theirs = copyOf("lmdb", "theirs");
  for (const file of ["kron.aof", "kron.sync", ...sealedOf(dataDir)]) rmSync(join(dataDir, file));
  for (const file of ["kron.aof", "kron.sync", ...sealedOf(theirs)]) {
    copyFileSync(join(theirs, file), join(dataDir, file));
  }
  await assertRefused(dataDir, "journal");
});

test("a snapshot of another directory, without any journal, is refused", async () => {
  const theirs = copyOf("lmdb", "theirs");
  for (const file of readdirSync(theirs)) if (file !== "kron.snapshot") rmSync(join(theirs, file));
  assert.ok(existsSync(join(theirs, "kron.snapshot")));
  assert.ok(refusals.includes(await startCode(theirs)));
});

test.run();
