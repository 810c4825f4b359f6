/**
 * Requests over the socket against the floor of the same kind of socket: `node dist/bench/ipc.js [seconds]`.
 *
 * The server runs in a process of its own and answers with what it was asked. "echo" is a process that writes back
 * the bytes it gets: the same frames, of the same size, neither checked nor decoded, sent by a client that batches
 * as ours does. The two take turns, so that both meet the same machine; figures are medians of five rounds.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { IpcClient } from "../src/ipc/client.ts";
import { FrameWriter } from "../src/ipc/frame-writer.ts";
import { type IpcMethod, IpcServer } from "../src/ipc/server.ts";
import { FRAME_KIND } from "../src/journal/frame.ts";
import { systemClock, systemRandom } from "../src/system.ts";
import { median, printTable, quantile, show } from "./support/figures.ts";

const inFlight = 256;
const rounds = 5;
const params = { id: "reports:daily", at: 1_763_911_503_123, payload: [1, "two", true] };
const clock = systemClock();
const ignore = (): void => undefined;

const methods: ReadonlyMap<string, IpcMethod> = new Map<string, IpcMethod>([
  ["echo", { kind: "unary", call: (value) => value }],
  ["later", { kind: "unary", call: async (value) => value }],
  [
    "link",
    {
      kind: "link",
      open(_params, link) {
        link.onMessages((messages) => {
          for (const message of messages) link.send(message);
        });
        return null;
      },
    },
  ],
]);

async function serve(directory: string): Promise<void> {
  const identity = { uuid: "bench", mode: "bench", version: "0" };
  const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error };
  await IpcServer.listen(directory, { methods, identity, clock, random: systemRandom(), logger });
}

async function echo(directory: string): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", ignore);
    socket.on("data", (bytes) => socket.write(bytes));
  });
  server.listen(join(directory, "echo.sock"));
  await once(server, "listening");
}

async function child(role: "serve" | "echo", directory: string): Promise<ChildProcess> {
  const started = spawn(process.execPath, [fileURLToPath(import.meta.url), role, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(started.stdout as NonNullable<typeof started.stdout>, "data");
  return started;
}

/** Requests a second with `inFlight` callers, each of which asks again when it has its answer. */
async function pipelined(client: IpcClient, method: string, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let answers = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await client.call(method, params);
      answers += 1;
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, caller));
  return (answers * 1_000) / (performance.now() - startMs);
}

async function oneByOne(ask: () => Promise<unknown>, forMs: number): Promise<number[]> {
  const latencies: number[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await ask();
    latencies.push((performance.now() - startMs) * 1_000);
  }
  return latencies;
}

async function linkMessages(client: IpcClient, forMs: number): Promise<number> {
  const { link } = await client.link("link");
  const startMs = performance.now();
  let messages = 0;
  return new Promise((resolve) => {
    link.onMessages((batch) => {
      messages += batch.length;
      if (performance.now() - startMs < forMs) for (const message of batch) link.send(message);
      else {
        link.close();
        resolve((messages * 1_000) / (performance.now() - startMs));
      }
    });
    for (let index = 0; index < inFlight; index += 1) link.send(["run", index, params]);
  });
}

/** The frame of one request, as the client builds it. */
function requestFrame(): Uint8Array {
  const writer = new FrameWriter();
  writer.frame(FRAME_KIND.request, 1, 0, ["echo", 30_000, params], 1 << 20);
  return new Uint8Array(writer.take() ?? new Uint8Array(0));
}

/** The same over the echo: `count` frames in flight, answered frames of a turn sent again at its end. */
function echoed(socket: Socket, frame: Uint8Array, count: number, forMs: number): Promise<number> {
  const many = Buffer.concat(Array.from({ length: count }, () => frame));
  const startMs = performance.now();
  let bytes = 0;
  let answered = 0;
  let due = 0;
  return new Promise((resolve) => {
    const send = (): void => {
      if (due > 0) socket.write(many.subarray(0, due * frame.length));
      due = 0;
    };
    const received = (chunk: Buffer): void => {
      bytes += chunk.length;
      const whole = Math.floor(bytes / frame.length);
      if (due === 0) setImmediate(send);
      due += whole - answered;
      answered = whole;
      if (performance.now() - startMs < forMs) return;
      due = 0;
      socket.off("data", received);
      resolve((answered * 1_000) / (performance.now() - startMs));
    };
    socket.on("data", received);
    socket.write(many);
  });
}

function echoOnce(socket: Socket, frame: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const received = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes < frame.length) return;
      socket.off("data", received);
      resolve();
    };
    socket.on("data", received);
    socket.write(frame);
  });
}

async function echoSocket(directory: string): Promise<Socket> {
  const socket = connect(join(directory, "echo.sock"));
  await once(socket, "connect");
  return socket;
}

async function measure(directory: string, forMs: number): Promise<void> {
  const client = await IpcClient.connect(directory, { clock, name: "bench" });
  const frame = requestFrame();
  const rates = { calls: [] as number[], later: [] as number[], echo: [] as number[], link: [] as number[] };
  const waits = { calls: [] as number[], echo: [] as number[] };
  await pipelined(client, "echo", 500);
  for (let round = 0; round < rounds; round += 1) {
    // A socket of its own each time: echoes that were under way at the end of a round belong to no other.
    const many = await echoSocket(directory);
    rates.echo.push(await echoed(many, frame, inFlight, forMs));
    many.destroy();
    rates.calls.push(await pipelined(client, "echo", forMs));
    rates.later.push(await pipelined(client, "later", forMs));
    rates.link.push(await linkMessages(client, forMs));
    const one = await echoSocket(directory);
    waits.echo.push(...(await oneByOne(() => echoOnce(one, frame), forMs)));
    one.destroy();
    waits.calls.push(...(await oneByOne(() => client.call("echo", params), forMs)));
  }
  const floor = median(rates.echo);
  const row = (name: string, values: readonly number[]): string[] => [
    name,
    show(median(values)),
    `${show((100 * median(values)) / floor)} %`,
  ];
  printTable(
    `${inFlight} in flight, ${frame.length} bytes a frame`,
    ["what", "per second", "of the echo"],
    [
      row("echo of the frames", rates.echo),
      row("calls, answered at once", rates.calls),
      row("calls, answered by a promise", rates.later),
      row("messages of a link", rates.link),
    ],
  );
  const wait = (name: string, values: readonly number[]): string[] => [
    name,
    ...[0.5, 0.99].map((share) => show(quantile(values, share))),
  ];
  printTable("One at a time, µs", ["what", "p50", "p99"], [wait("echo", waits.echo), wait("call", waits.calls)]);
  await client.close();
}

const [first, second] = process.argv.slice(2);
if ((first === "serve" || first === "echo") && second !== undefined) {
  await (first === "serve" ? serve(second) : echo(second));
  console.log("ready");
} else {
  const directory = mkdtempSync(join(tmpdir(), "kron-bench-"));
  const children = await Promise.all([child("serve", directory), child("echo", directory)]);
  try {
    await measure(directory, Number(first ?? 1) * 1_000);
  } finally {
    for (const started of children) started.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}
