/**
 * Due times per second, and memory per timer, beside croner and cron-parser. Run: `node --expose-gc dist/bench/cron.js`
 *
 * All three answer the same questions in one process: the due time after each of a fixed series of instants
 * spread over 2026, for the same expression and zone. Printed are medians of several rounds. Memory is what the
 * heap grows by for 100,000 timers over 100 distinct expressions, the array that holds them included.
 */

import { CronExpressionParser } from "cron-parser";
import { Cron as Croner } from "croner";
import { compileCron } from "../src/core/cron.ts";
import { Crons } from "../src/core/crons.ts";
import { Zones } from "../src/core/zone.ts";
import { intlOffsetSource } from "../src/zone-source.ts";

const rounds = 7;
const roundMs = 150;
const zoneName = "Europe/Riga";
const expressions = [
  "*/5 * * * *",
  "30 2 1 */3 *",
  "0 9-17 * * MON-FRI",
  "0 0 L * *",
  "*/10 * * * * *",
  "0 0 29 2 +MON",
];

const zones = new Zones(intlOffsetSource());
const zone = zones.get(zoneName);
/** 1,024 instants over 2026, in no order, so that no cache of one month can help. */
const instants = Array.from({ length: 1024 }, (_, index) => Date.UTC(2026, 0, 1) + ((index * 389) % 1024) * 30_796_875);
const dates = instants.map((instant) => new Date(instant));

type Ask = (index: number) => unknown;

function ratePerSecond(ask: Ask): number {
  for (let index = 0; index < 256; index += 1) ask(index);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    let asked = 0;
    let elapsedMs = 0;
    do {
      for (let batch = 0; batch < 16; batch += 1, asked += 1) ask(asked % 1024);
      elapsedMs = performance.now() - startMs;
    } while (elapsedMs < roundMs);
    rates.push((asked / elapsedMs) * 1000);
  }
  return median(rates);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Undefined when the peer does not know the grammar of `expression`. */
function rateOfPeer(make: () => Ask): number | undefined {
  try {
    return ratePerSecond(make());
  } catch {
    // A peer that refuses the expression has no rate; the table shows a dash.
    return undefined;
  }
}

function printRates(): void {
  console.log(`next(), ${zoneName}, per second (median of ${rounds} rounds of ${roundMs} ms)`);
  console.log(row("expression", "kron", "croner", "cron-parser", "kron walking on"));
  for (const expression of expressions) {
    const cron = compileCron(expression, { zone });
    const kron = ratePerSecond((index) => cron.next(instants[index] ?? 0));
    let at = 0;
    const walking = ratePerSecond((index) => {
      at = (index === 0 ? undefined : cron.next(at)) ?? Date.UTC(2026, 0, 1);
    });
    const croner = rateOfPeer(() => {
      const peer = new Croner(expression, { timezone: zoneName, paused: true });
      return (index) => peer.nextRun(dates[index]);
    });
    const parser = rateOfPeer(() => {
      const peer = CronExpressionParser.parse(expression, { tz: zoneName });
      return (index) => {
        peer.reset(dates[index]);
        return peer.next();
      };
    });
    console.log(row(expression, ...[kron, croner, parser, walking].map(rounded)));
  }
}

function printCost(): void {
  const source = intlOffsetSource();
  const perZoneMs = ["Europe/Rome", "America/New_York", "Asia/Tokyo", "Africa/Casablanca", "Australia/Lord_Howe"].map(
    (name) => {
      const startMs = performance.now();
      compileCron("0 3 * * *", { zone: new Zones(source).get(name) }).next(dates[0]?.getTime() ?? 0);
      return performance.now() - startMs;
    },
  );
  console.log(`\nfirst next() in a zone not seen before: ${median(perZoneMs).toFixed(2)} ms (median of 5 zones)`);
  const startMs = performance.now();
  for (let index = 0; index < 20_000; index += 1)
    compileCron(`${index % 60} ${index % 24} 1-15/2 */3 MON-FRI`, { zone });
  console.log(`compileCron(): ${rounded(20_000_000 / (performance.now() - startMs))} per second`);
  const count = compileCron("* * * * * *", { zone });
  const perCount = ratePerSecond(() => count.count(Date.UTC(2020, 0, 1), Date.UTC(2030, 0, 1)));
  console.log(`count() over ten years of every second: ${(1e6 / perCount).toFixed(1)} µs`);
}

/** Heap bytes that each of `timers` results of `make` adds; needs `--expose-gc` to be true. */
function bytesEach(timers: number, make: (index: number) => unknown): number {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const held = Array.from({ length: timers }, (_, index) => make(index));
  globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / held.length;
  return Math.round(bytes);
}

function printMemory(): void {
  const hundred = Array.from({ length: 100 }, (_, index) => `${index % 60} ${index % 24} * * ${index % 7}`);
  const crons = new Crons();
  const each = (make: (expression: string) => unknown) => (index: number) => make(hundred[index % 100] ?? "");
  const kron = bytesEach(
    100_000,
    each((expression) => crons.get(expression, { zone })),
  );
  const croner = bytesEach(
    1000,
    each((expression) => new Croner(expression, { timezone: zoneName, paused: true })),
  );
  const parser = bytesEach(
    1000,
    each((expression) => CronExpressionParser.parse(expression, { tz: zoneName })),
  );
  const note = globalThis.gc === undefined ? " (inexact: run with --expose-gc)" : "";
  console.log(`\nheap bytes per timer, 100 distinct expressions${note}`);
  console.log(`kron ${kron} (100,000 timers), croner ${croner} (1,000), cron-parser ${parser} (1,000)`);
  const alone = bytesEach(10_000, (index) => compileCron(hundred[index % 100] ?? "", { zone }));
  console.log(`kron, each timer compiled for itself: ${alone} (10,000)`);
}

function row(...cells: readonly string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(22) : cell.padStart(16))).join("");
}

function rounded(value: number | undefined): string {
  return value === undefined ? "-" : Math.round(value).toLocaleString("en-US");
}

printRates();
printCost();
printMemory();
