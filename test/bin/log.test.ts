import { spawn } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { copyDirectory } from "../support/copy-directory.ts";
import { suite } from "../support/suite.ts";
import { exampleDirectory, fingerprint, kron, kronJson, programPath, scratchDirectory } from "./command-line.ts";

const test = suite("log", 120_000);

interface DumpedEntry {
  readonly version: number;
  readonly index: number;
  readonly at: string;
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
  readonly records: readonly Readonly<Record<string, unknown>>[];
}

let example = "";

test.before(async () => {
  example = await exampleDirectory();
});

/** A copy of the example, to be spoilt. */
function copy(): string {
  const directory = join(scratchDirectory(), "data");
  copyDirectory(example, directory);
  // Some versions of Node give the copy a mode of its own.
  chmodSync(directory, 0o700);
  return directory;
}

function dump(directory: string, ...args: string[]): DumpedEntry[] {
  const { stdout } = kron(["log", "dump", "--data-dir", directory, ...args]);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as DumpedEntry);
}

/** Changes one byte of the entry in the middle of the log; returns its index and the index of the last. */
function damage(directory: string): { index: number; last: number } {
  const entries = dump(directory);
  const entry = entries[Math.floor(entries.length / 2)] as DumpedEntry;
  const path = join(directory, entry.segment);
  const bytes = readFileSync(path);
  const at = entry.offset + 41;
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
  return { index: entry.index, last: entries.length };
}

test("log verify counts and says that all is well", () => {
  const { exitCode, stdout } = kron(["log", "verify", "--data-dir", example]);
  assert.is(exitCode, 0);
  assert.match(
    stdout,
    /^segments: {2}1 \(1\.0 MiB\)\nentries: {3}\d+ \(1 to \d+\), \d+ records\nsynced: {4}up to entry \d+ at least\nsnapshot: {2}kron\.snapshot\.pages: as of entry \d+, \d+ values \(.*\), every checksum is good\nverdict: {3}clean, every checksum is good\n$/,
  );
  const { verdict, entries, lastIndex, uuid } = kronJson(["log", "verify", "--data-dir", example]);
  assert.equal([verdict, entries], [{ kind: "clean" }, lastIndex]);
  assert.match(uuid as string, /^[0-9a-f]{32}$/);
});

test("log dump prints one line an entry, with named fields", () => {
  const entries = dump(example);
  assert.equal(
    entries.map(({ index }) => index),
    entries.map((_, position) => position + 1),
  );
  const [first, second] = entries as [DumpedEntry, DumpedEntry];
  assert.equal([first.version, first.at, first.segment], [1, "2026-03-28T22:00:00.000Z", "kron.aof"]);
  assert.is(first.records[0]?.kind, "RUNTIME_STARTED");
  assert.ok(second.offset >= first.offset + first.bytes);
  const created = entries.flatMap(({ records }) => records).find(({ id }) => id === "nightly");
  assert.is(created?.kind, "TIMER_CREATED");
  assert.equal(created?.payload, { count: "1", bytes: { base64: "aGk=" }, text: "ü\u202e" });
  assert.is((created as { definition: { schedule: { zone: string } } }).definition.schedule.zone, "Europe/Riga");
  const failed = entries.flatMap(({ records }) => records).find(({ kind }) => kind === "RUN_FAILED");
  assert.equal(Object.keys(failed ?? {}), ["kind", "run", "token", "tookUs", "retryAtMs", "nextAtMs", "error"]);
  const raw = kron(["log", "dump", "--data-dir", example]).stdout;
  assert.not.match(raw, /[\u202e\u009b]/);
  assert.not.ok(raw.includes("\u001b"));
});

test("log dump --from, --to and --limit choose entries", () => {
  const indexes = (...args: string[]): number[] => dump(example, ...args).map(({ index }) => index);
  assert.equal(indexes("--from", "3", "--to", "5"), [3, 4, 5]);
  assert.equal(indexes("--from", "4", "--limit", "2"), [4, 5]);
  assert.equal(indexes("--limit", "0"), []);
  assert.is(kron(["log", "dump", "--data-dir", example, "--from", "-1"]).exitCode, 2);
});

test("log dump ends quietly when its reader goes away", async () => {
  const child = spawn(process.execPath, [programPath, "log", "dump", "--data-dir", example]);
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  child.stdout.destroy();
  const exitCode = await new Promise((resolve) => child.on("close", resolve));
  assert.equal([exitCode, stderr], [0, ""]);
});

test("a damaged journal is refused, and what stands before the damage is shown", () => {
  const directory = copy();
  const { index, last } = damage(directory);
  const before = fingerprint(directory);
  const range = `entries ${index} to ${last}`;
  const verified = kron(["log", "verify", "--data-dir", directory]);
  assert.is(verified.exitCode, 6);
  assert.match(verified.stdout, new RegExp(`verdict: {3}DAMAGED: acknowledged ${range} cannot be read`));
  assert.is((kronJson(["log", "verify", "--data-dir", directory], 6).verdict as { kind: string }).kind, "corrupt");
  const dumped = kron(["log", "dump", "--data-dir", directory]);
  assert.equal([dumped.exitCode, dumped.stdout.split("\n").length], [6, index]);
  assert.match(dumped.stderr, /the dump ends before them/);
  const listed = kron(["job", "list", "--data-dir", directory]);
  assert.is(listed.exitCode, 6);
  assert.match(listed.stdout, /^TIMER.*\nfixed /);
  assert.match(
    listed.stderr,
    new RegExp(`^kron: acknowledged ${range} cannot be read .*\nhint: run \`kron doctor\`\n$`),
  );
  const examined = kron(["doctor", "--data-dir", directory]);
  assert.is(examined.exitCode, 6);
  assert.match(examined.stdout, /problems \(1\)\n {2}journal-damaged: DAMAGED/);
  assert.equal(fingerprint(directory), before);
});

test("log repair asks for the loss to be accepted, then sets the damaged bytes aside", () => {
  const directory = copy();
  rmSync(join(directory, "kron.snapshot.pages"));
  const { index, last } = damage(directory);
  const asked = kron(["log", "repair", "--data-dir", directory]);
  assert.is(asked.exitCode, 6);
  assert.match(asked.stdout, new RegExp(`damage: {4}entries ${index} to ${last}, .*\n.*\nnothing was changed\n$`));
  assert.match(asked.stderr, /hint: .* --accept-loss/);
  const { outcome, setAside, lastIndex } = kronJson(["log", "repair", "--accept-loss", "--data-dir", directory]);
  assert.equal([outcome, lastIndex], ["repaired", index - 1]);
  for (const path of setAside as string[]) assert.ok(existsSync(path), path);
  assert.ok((setAside as string[]).length > 0);
  const examined = kron(["doctor", "--data-dir", directory]);
  assert.is(examined.exitCode, 0, examined.stdout);
  assert.match(examined.stdout, /set-aside: kron\.aof\.torn-\d+ holds bytes/);
  const again = kron(["log", "repair", "--data-dir", directory]);
  assert.equal([again.exitCode, again.stdout], [0, "nothing to do: all that was acknowledged is there\n"]);
});

test("log repair keeps what the snapshot holds of a damaged journal", () => {
  const directory = copy();
  const { index, last } = damage(directory);
  const asked = kron(["log", "repair", "--data-dir", directory]);
  assert.is(asked.exitCode, 6);
  const kept = `kept: {6}everything up to entry ${last}\n +the snapshot holds what is damaged\n`;
  assert.match(asked.stdout, new RegExp(`damage: {4}entries ${index} to ${last}, .*\n${kept}nothing was changed\n$`));
  const repaired = kronJson(["log", "repair", "--accept-loss", "--data-dir", directory]);
  assert.equal([repaired.outcome, repaired.lost, repaired.lastIndex], ["repaired", null, last]);
  const examined = kron(["doctor", "--data-dir", directory]);
  assert.is(examined.exitCode, 0, examined.stdout);
  assert.is((kronJson(["job", "list", "--data-dir", directory]).timers as unknown[]).length, 6);
});

test("an unfinished write at the end is no damage", () => {
  const directory = copy();
  const entry = dump(directory).at(-1) as DumpedEntry;
  const path = join(directory, entry.segment);
  const bytes = readFileSync(path);
  bytes.fill(
    0xab,
    Math.ceil((entry.offset + entry.bytes) / 512) * 512,
    Math.ceil((entry.offset + entry.bytes) / 512) * 512 + 9,
  );
  writeFileSync(path, bytes);
  const verified = kron(["log", "verify", "--data-dir", directory]);
  assert.is(verified.exitCode, 0);
  assert.match(verified.stdout, /verdict: {3}good up to an unfinished write at kron\.aof:\d+/);
  const examined = kron(["doctor", "--data-dir", directory]);
  assert.is(examined.exitCode, 0);
  assert.match(examined.stdout, /notes \(2\)\n {2}torn-tail: /);
  assert.equal(
    readdirSync(directory).filter((name) => name.includes("torn")),
    [],
  );
});

test.run();
