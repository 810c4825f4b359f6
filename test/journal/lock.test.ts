import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { equal, is, ok, throws } from "uvu/assert";
import { isKronError, type KronError } from "../../src/core/errors.ts";
import { createJournal } from "../../src/journal/create.ts";
import { prepareDirectory } from "../../src/journal/directory.ts";
import { type OpenedJournal, openJournal } from "../../src/journal/journal.ts";
import { acquireLock, loadFlock, lockWith, readBootId } from "../../src/journal/lock.ts";
import { nodeDisk, syncDirectory } from "../../src/journal/node-disk.ts";
import { readJournal } from "../../src/journal/reader.ts";
import { repairJournal } from "../../src/journal/repair.ts";
import { SimDisk } from "../support/sim-disk.ts";
import { suite } from "../support/suite.ts";
import { entryOf, numbersOf, open, TestClock, TestSink, testRandom } from "./harness.ts";

const test = suite("lock and directory");
let root = "";
test.before(() => {
  root = mkdtempSync(join(tmpdir(), "kron-lock-"));
});
test.after(() => rmSync(root, { recursive: true, force: true }));

function errorOf(action: () => void): KronError | undefined {
  try {
    action();
  } catch (error) {
    if (isKronError(error)) return error;
    throw error;
  }
  return undefined;
}

test("acquireLock() lets one hold a directory, names the holder, and leaves the file behind", () => {
  const lock = acquireLock(root);
  const refused = errorOf(() => acquireLock(root));
  is(refused?.code, "KRON_DIR_LOCKED");
  ok(refused?.message.includes(String(process.pid)) && refused.message.includes(root));
  equal(refused?.details, { directory: root, pid: process.pid });
  lock.release();
  ok(existsSync(join(root, "kron.lock")));
  is(statSync(join(root, "kron.lock")).mode & 0o777, 0o600);
  acquireLock(root).release();
});

test("acquireLock() does without the pid while the holder has not written it, or it is of another boot", () => {
  const lock = acquireLock(root);
  for (const text of ["", "{}", "null", '{"pid":1,"bootId":"another"}']) {
    writeFileSync(join(root, "kron.lock"), text);
    const refused = errorOf(() => acquireLock(root));
    is(refused?.code, "KRON_DIR_LOCKED");
    ok(refused?.message.includes("another process"));
  }
  lock.release();
});

test("the lock of a killed process is free at once", async () => {
  const module = new URL("../../src/journal/lock.js", import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then(({ acquireLock }) => { acquireLock(${JSON.stringify(root)}); console.log("held"); setInterval(() => undefined, 1000); })`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const refused = errorOf(() => acquireLock(root));
  is(refused?.details?.pid, child.pid);
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("close", resolve));
  acquireLock(root).release();
});

test("prepareDirectory() makes a private directory, parents included", () => {
  const path = join(root, "a", "b");
  prepareDirectory(path, nodeDisk);
  is(statSync(path).mode & 0o777, 0o700);
  prepareDirectory(path, nodeDisk);
});

test("prepareDirectory() refuses and never changes what is open to others, a link, a file, or somebody else's", () => {
  const open0755 = join(root, "open");
  mkdirSync(open0755);
  chmodSync(open0755, 0o755);
  const link = join(root, "link");
  symlinkSync(join(root, "a"), link);
  const file = join(root, "file");
  writeFileSync(file, "");
  for (const path of [open0755, link, file]) {
    const refused = errorOf(() => prepareDirectory(path, nodeDisk));
    is(refused?.code, "KRON_DIR_UNUSABLE", path);
    ok(refused?.hint);
  }
  is(statSync(open0755).mode & 0o777, 0o755);
  const others = new SimDisk();
  others.makeDirectory("/d");
  others.stat = () => ({ kind: "directory", mode: 0o700, uid: 4_000_000, bytes: 0 });
  is(errorOf(() => prepareDirectory("/d", others))?.code, "KRON_DIR_UNUSABLE");
  others.stat = () => undefined;
  is(errorOf(() => prepareDirectory("/d", others))?.code, "KRON_DIR_UNUSABLE");
});

test("a journal on the real disk: private files, one writer, a reader beside it", async () => {
  const directory = join(root, "journal");
  const options = { directory, acquireLock };
  const first = open(nodeDisk, options);
  for (let number = 1; number <= 50; number += 1) first.journal.propose(entryOf(number, 200));
  is(errorOf(() => open(nodeDisk, options))?.code, "KRON_DIR_LOCKED");
  await first.journal.close();
  for (const name of nodeDisk.list(directory)) is(nodeDisk.stat(join(directory, name))?.mode, 0o600, name);
  is(readJournal(directory, nodeDisk, () => undefined).lastIndex, 50);
  is(readJournal(join(root, "nowhere"), nodeDisk, () => undefined).verdict.kind, "missing");
  const second = open(nodeDisk, options);
  is(numbersOf(second.replayed).length, 50);
  await second.journal.close();
  is(JSON.parse(readFileSync(join(directory, "kron.lock"), "utf8")).pid, process.pid);
  const bad = errorOf(() =>
    open(
      {
        ...nodeDisk,
        list: () => {
          throw Object.assign(new Error("EIO"), { code: "EIO" });
        },
      },
      options,
    ),
  );
  is(bad?.code, "KRON_DIR_UNUSABLE");
});

test("nodeDisk tells what is at a path", () => {
  is(nodeDisk.stat(join(root, "nowhere")), undefined);
  is(nodeDisk.stat(join(root, "link"))?.kind, "other");
  is(nodeDisk.stat(root)?.kind, "directory");
});

test("lockWith() tries again when a signal came between, and says what the system answered", () => {
  const { EINTR, EIO } = constants.errno;
  const answers = [EINTR, EINTR, 0];
  lockWith(() => answers.shift() ?? EIO, root).release();
  equal(answers, []);
  const refused = errorOf(() => lockWith(() => EIO, root));
  is(refused?.code, "KRON_DIR_UNUSABLE");
  ok(refused?.message.includes(`errno ${EIO}`) && refused.message.includes("kron.lock"));
  acquireLock(root).release();
});

test("loadFlock() says so where there is no flock to load", () => {
  const cause = new Error("no such module");
  const refused = errorOf(() =>
    loadFlock(() => {
      throw cause;
    }),
  );
  is(refused?.code, "KRON_DIR_UNUSABLE");
  is(refused?.cause, cause);
  ok(refused?.message.includes(process.platform));
});

test("readBootId() is empty where the system has none", () => {
  is(readBootId(join(root, "nowhere")), "");
});

test("prepareDirectory() asks for no owner and no mode where there are none", () => {
  const path = join(root, "without-users");
  mkdirSync(path);
  chmodSync(path, 0o755);
  prepareDirectory(path, nodeDisk, () => undefined);
  is(errorOf(() => prepareDirectory(path, nodeDisk))?.code, "KRON_DIR_UNUSABLE");
});

test("openJournal() and repairJournal() take the lock themselves", async () => {
  const directory = join(root, "locked");
  const clock = new TestClock();
  const journal = await openJournal(
    {
      directory,
      disk: nodeDisk,
      clock,
      random: testRandom(),
      durability: { kind: "always" },
      profile: "edge",
      report: () => undefined,
    },
    () => undefined,
  );
  is(errorOf(() => acquireLock(directory))?.code, "KRON_DIR_LOCKED");
  is(errorOf(() => repairJournal(directory, nodeDisk, { clock, acceptLoss: true }))?.code, "KRON_DIR_LOCKED");
  await journal.close();
  is(repairJournal(directory, nodeDisk, { clock, acceptLoss: true }).outcome, "nothing to do");
  acquireLock(directory).release();
});

test("createJournal(), dropBefore() and a start from a base work on a real disk and under the real lock", async () => {
  const directory = join(root, "restored");
  const uuid = new Uint8Array(16).fill(3);
  createJournal(directory, nodeDisk, { uuid, firstIndex: 8 });
  const clock = new TestClock();
  const limits = { segmentBytesMin: 65_536, segmentBytesMax: 65_536 };
  const options = {
    ...({ directory, disk: nodeDisk, clock, random: testRandom(), profile: "standard", limits } as const),
    ...({ durability: { kind: "always" }, report: () => undefined } as const),
  };
  const open = (index: number, found: number[]): Promise<OpenedJournal> => {
    return openJournal({ ...options, loadBase: () => ({ index, term: 0, uuid }) }, (each) => found.push(each));
  };
  const journal = await open(7, []);
  is(errorOf(() => createJournal(directory, nodeDisk, { uuid, firstIndex: 8 }))?.code, "KRON_DIR_LOCKED");
  const sink = new TestSink();
  journal.start(sink);
  for (let index = 8; index < 30; index += 1) {
    journal.propose(entryOf(index, 20_000));
    await journal.synced(index);
  }
  is(journal.segmentCount, 8);
  const { segments, bytes } = await journal.dropBefore(20);
  equal([segments, journal.firstIndex], [4, 20]);
  ok(bytes > 4 * 60_000);
  await journal.close();
  is(readdirSync(directory).filter((name) => name.startsWith("kron.aof")).length, 4);
  const found: number[] = [];
  await (await open(25, found)).close();
  equal(found, [26, 27, 28, 29]);
});

test("nodeDisk creates a file only once when asked to be the one who does", () => {
  const path = join(root, "exclusive");
  nodeDisk.close(nodeDisk.openWrite(path, { create: true, exclusive: true }));
  throws(() => nodeDisk.openWrite(path, { create: true, exclusive: true }), /EEXIST/);
});

test("syncDirectory() leaves it to the system where directories cannot be opened", () => {
  syncDirectory(join(root, "nowhere"), "win32");
  throws(() => syncDirectory(join(root, "nowhere"), process.platform), /ENOENT/);
});

test.run();
