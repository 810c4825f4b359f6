/**
 * The journal against the floor of its own disk, in one run. "disk" is a bare loop of `write` and `fdatasync` of
 * bytes that are there already, as many as the journal writes for a batch, into a preallocated file. "floor" is
 * the same loop when the callers' entries are first made and packed by msgpackr, with nothing else done to them:
 * what a log must do that is content with that. The journal adds checks, checksums, order, segments, the sidecar
 * and callbacks, and earns some of it back by packing plain entries itself.
 *
 *     node dist/bench/journal.js [directory]        default: .bench in the working directory
 *
 * Callers are in a closed loop: each proposes again when its entry is committed. "single" is an entry of one
 * record per caller; "gathered" puts the callers' records into entries of up to 64, as an engine does that
 * collects a turn's changes. Figures are medians; the floor and the journal take turns, so that both meet
 * the same disk. Ends with replay, in records a second.
 */

import { randomFillSync } from "node:crypto";
import { closeSync, fdatasync, fdatasyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { Packr } from "msgpackr";
import type { Entry, LogRecord } from "../src/core/record.ts";
import { packValue } from "../src/journal/codec.ts";
import { frameBytes } from "../src/journal/frame.ts";
import { type OpenedJournal, openJournal } from "../src/journal/journal.ts";
import { nodeDisk } from "../src/journal/node-disk.ts";
import { readJournal } from "../src/journal/reader.ts";
import type { Clock, LogSink } from "../src/ports.ts";

const rounds = 5;
const runMs = 1000;
const callerCounts = [1, 16, 256, 4096];
const entryRecordsMax = 64;
const floorFileBytes = 64 * 1024 * 1024;

const root = resolve(process.argv[2] ?? ".bench");

const clock: Clock = {
  nowMs: () => Math.floor(performance.timeOrigin + performance.now()),
  monotonicMs: () => performance.now(),
  wakeAfter(delayMs, wake, keepAlive = true) {
    const timer = setTimeout(wake, delayMs);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};

function recordOf(number: number): LogRecord {
  return [20, number, 1_763_911_503_123, 0, 0, 1];
}

function entryOf(first: number, count: number): Entry {
  const entry: [number, ...LogRecord[]] = [1_763_911_503_123];
  for (let index = 0; index < count; index += 1) entry.push(recordOf(first + index));
  return entry;
}

/** Bytes on disk of one batch of `callers` records. */
function batchBytes(callers: number, perEntry: number): number {
  let bytes = 0;
  for (let left = callers; left > 0; left -= perEntry) {
    const { start, end } = packValue(entryOf(1_000_000, Math.min(left, perEntry)));
    bytes += frameBytes(end - start);
  }
  return Math.ceil(bytes / 512) * 512;
}

/** Records a second of the bare loop; `isPacking` makes and packs the entries of every batch. */
async function runFloor(callers: number, perEntry: number, isPacking: boolean): Promise<number> {
  const file = openSync(join(root, "floor"), "r+");
  const bytes = randomFillSync(Buffer.alloc(batchBytes(callers, perEntry)));
  let position = 0;
  let batches = 0;
  const startedMs = performance.now();
  while (performance.now() - startedMs < runMs) {
    if (position + bytes.length > floorFileBytes) position = 0;
    if (isPacking) packBatch(bytes, callers, perEntry);
    writeSync(file, bytes, 0, bytes.length, position);
    position += bytes.length;
    await new Promise<void>((done, fail) => fdatasync(file, (error) => (error === null ? done() : fail(error))));
    batches += 1;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  closeSync(file);
  return (batches * callers) / seconds;
}

const packr = new Packr({ useRecords: false, variableMapSize: true });

function packBatch(into: Buffer, callers: number, perEntry: number): void {
  let at = 0;
  for (let left = callers; left > 0; left -= perEntry) {
    const packed = packr.pack(entryOf(1_000_000 + left, Math.min(left, perEntry)));
    into.set(packed, at);
    at += frameBytes(packed.length);
  }
}

function open(directory: string): Promise<OpenedJournal> {
  return openJournal(
    {
      directory,
      disk: nodeDisk,
      clock,
      random: { bytes: (count) => randomFillSync(new Uint8Array(count)) },
      durability: { kind: "always" },
      profile: "standard",
      report: (notice) => console.log(JSON.stringify(notice)),
    },
    () => undefined,
  );
}

/** Records a second of the journal, with `callers` always waiting or proposing. */
async function runJournal(callers: number, perEntry: number): Promise<number> {
  const directory = join(root, "journal");
  rmSync(directory, { recursive: true, force: true });
  const journal = await open(directory);
  let committed = 0;
  let freed = 0;
  let proposed = 0;
  const propose = (count: number): void => {
    for (let left = count; left > 0; left -= perEntry) {
      const records = Math.min(left, perEntry);
      journal.propose(entryOf(1_000_000 + proposed, records));
      proposed += records;
    }
  };
  const startedMs = performance.now();
  await new Promise<void>((done, fail) => {
    const sink: LogSink = {
      committed(_index, _term, entry) {
        freed += entry.length - 1;
      },
      settled() {
        committed += freed;
        const again = freed;
        freed = 0;
        if (performance.now() - startedMs < runMs) propose(again);
        else if (committed === proposed) done();
      },
      refused: (_entries, error) => fail(error),
      failed: (error) => fail(error),
    };
    journal.start(sink);
    propose(callers);
  });
  const seconds = (performance.now() - startedMs) / 1000;
  await journal.close();
  return committed / seconds;
}

/** Records a second when a journal of a million records is read back. */
async function runReplay(perEntry: number): Promise<number> {
  const directory = join(root, "journal");
  rmSync(directory, { recursive: true, force: true });
  const journal = await open(directory);
  const total = 1_000_000;
  await new Promise<void>((done, fail) => {
    let left = total;
    let proposed = 0;
    const more = (): void => {
      for (let burst = 0; burst < 4096 && proposed < total; burst += perEntry) {
        journal.propose(entryOf(proposed, perEntry));
        proposed += perEntry;
      }
    };
    journal.start({
      committed: (_index, _term, entry) => {
        left -= entry.length - 1;
      },
      settled: () => (left <= 0 ? done() : more()),
      refused: (_entries, error) => fail(error),
      failed: (error) => fail(error),
    });
    more();
  });
  await journal.close();
  let records = 0;
  const startedMs = performance.now();
  const reading = readJournal(directory, nodeDisk, (_index, _term, entry) => {
    records += entry.length - 1;
  });
  const seconds = (performance.now() - startedMs) / 1000;
  if (reading.verdict.kind !== "clean" || records < total)
    throw new Error(`Replay: ${JSON.stringify(reading.verdict)}`);
  return records / seconds;
}

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

const perSecond = (value: number): string => Math.round(value).toLocaleString("en").padStart(11);

mkdirSync(root, { recursive: true });
const floorFile = openSync(join(root, "floor"), "w");
const zeros = Buffer.alloc(1024 * 1024);
for (let at = 0; at < floorFileBytes; at += zeros.length) writeSync(floorFile, zeros, 0, zeros.length, at);
fdatasyncSync(floorFile);
closeSync(floorFile);

console.log(`node ${process.version}, medians of ${rounds} runs of ${runMs} ms, records/s`);
console.log("entries   callers        disk       floor     journal   of disk  of floor");
for (const [name, perEntry] of [
  ["single", 1],
  ["gathered", entryRecordsMax],
] as const) {
  for (const callers of callerCounts) {
    const disks: number[] = [];
    const floors: number[] = [];
    const journals: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      disks.push(await runFloor(callers, perEntry, false));
      floors.push(await runFloor(callers, perEntry, true));
      journals.push(await runJournal(callers, perEntry));
    }
    const journal = median(journals);
    const share = (of: number[]): string => `${((100 * journal) / median(of)).toFixed(0).padStart(7)} %`;
    const columns = `${perSecond(median(disks))} ${perSecond(median(floors))} ${perSecond(journal)}`;
    console.log(`${name.padEnd(9)}${String(callers).padStart(8)} ${columns} ${share(disks)} ${share(floors)}`);
  }
}
for (const perEntry of [1, entryRecordsMax]) {
  const runs: number[] = [];
  for (let round = 0; round < rounds; round += 1) runs.push(await runReplay(perEntry));
  console.log(`replay, ${String(perEntry).padStart(2)} a frame ${perSecond(median(runs))}`);
}
rmSync(root, { recursive: true, force: true });
