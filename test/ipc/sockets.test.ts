/**
 * Real sockets and files: what stands where the socket belongs, who may read the token, who answers; and numbers 18,
 * 19 and 20 of the list of bad inputs, "Frames/IPC", over a real connection.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { equal, is, ok } from "uvu/assert";
import { isKronError, type KronError } from "../../src/core/errors.ts";
import { IpcClient } from "../../src/ipc/client.ts";
import { ClientSession } from "../../src/ipc/client-session.ts";
import { FrameReader } from "../../src/ipc/frame-reader.ts";
import { defaultLimits } from "../../src/ipc/limits.ts";
import { readToken } from "../../src/ipc/token.ts";
import { FRAME_KIND } from "../../src/journal/frame.ts";
import { suite } from "../support/suite.ts";
import { clock, makeDirectory, type Rig, rejection, serve } from "./ipc-rig.ts";
import { frame, framesIn, hello } from "./session-rig.ts";

const test = suite("ipc sockets");

const echo = { echo: { kind: "unary", call: (params: unknown) => params } } as const;
const socketIn = (directory: string): string => join(directory, "kron.sock");
const dial = (directory: string, more = {}): Promise<IpcClient> =>
  IpcClient.connect(directory, { clock, name: "test", ...more });

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise);
  return isKronError(error) ? error.code : String(error);
}

test("the socket and the token are for their owner only, and the socket goes when the server does", async () => {
  const rig = await serve(echo);
  equal(rig.server.endpoint, { kind: "unix", path: socketIn(rig.directory) });
  is(lstatSync(socketIn(rig.directory)).mode & 0o777, 0o600);
  is(lstatSync(join(rig.directory, "kron.token")).mode & 0o777, 0o600);
  is(readFileSync(join(rig.directory, "kron.token")).length, 32);
  await rig.server.close();
  ok(!existsSync(socketIn(rig.directory)));
  is(await codeOf(dial(rig.directory)), "KRON_UNREACHABLE");
  rmSync(rig.directory, { recursive: true });
  is(await codeOf(dial(rig.directory)), "KRON_UNREACHABLE", "no directory at all");
});

test("a socket that a killed process left is taken over; a live one is not", async () => {
  const directory = makeDirectory();
  const script = `require("net").createServer(() => {}).listen(process.argv[1], () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", script, socketIn(directory)], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  is(await codeOf(serve(echo, {}, directory)), "KRON_IPC_ENDPOINT");
  child.kill("SIGKILL");
  await once(child, "exit");
  ok(existsSync(socketIn(directory)), "it was left behind");
  is(await codeOf(dial(directory)), "KRON_UNREACHABLE");
  const rig = await serve(echo, {}, directory);
  is(await (await rig.connect()).call("echo", 1), 1);
  await rig.stop();
});

test("a file, a directory or a symbolic link where the socket belongs is refused by both sides, and stays", async () => {
  const elsewhere = await serve(echo);
  for (const put of [
    (path: string) => writeFileSync(path, "mine"),
    (path: string) => mkdirSync(path),
    (path: string) => symlinkSync("/dev/null", path),
    (path: string) => symlinkSync("nowhere", path),
    (path: string) => symlinkSync(socketIn(elsewhere.directory), path),
  ]) {
    const directory = makeDirectory();
    put(socketIn(directory));
    const before = lstatSync(socketIn(directory));
    is(await codeOf(serve(echo, {}, directory)), "KRON_IPC_ENDPOINT");
    is(await codeOf(dial(directory)), "KRON_IPC_ENDPOINT");
    is(lstatSync(socketIn(directory)).ino, before.ino);
    rmSync(directory, { recursive: true });
  }
  await elsewhere.stop();
});

test("a path that is too long for a unix socket leads to a port of the loopback interface", async () => {
  const parent = makeDirectory();
  const directory = join(parent, "é".repeat(40));
  mkdirSync(directory, { mode: 0o700 });
  const rig = await serve(echo, {}, directory);
  const { endpoint } = rig.server;
  is(endpoint.kind, "tcp");
  const path = join(directory, "kron.port");
  is(lstatSync(path).mode & 0o777, 0o600);
  equal(JSON.parse(readFileSync(path, "utf8")), { port: endpoint.kind === "tcp" && endpoint.port, pid: process.pid });
  is(await (await rig.connect()).call("echo", "over tcp"), "over tcp");
  chmodSync(path, 0o644);
  is(await codeOf(dial(directory)), "KRON_IPC_ENDPOINT");
  writeFileSync(path, "{}");
  chmodSync(path, 0o600);
  is(await codeOf(dial(directory)), "KRON_IPC_ENDPOINT");
  await rig.stop();
  ok(!existsSync(path));
  rmSync(parent, { recursive: true });
});

test("a handshake cannot be passed on to another port", async () => {
  const parent = makeDirectory();
  const directory = join(parent, "x".repeat(100));
  mkdirSync(directory, { mode: 0o700 });
  const rig = await serve(echo, {}, directory);
  const { endpoint } = rig.server;
  const relay = createServer((socket) => {
    const upstream = connect({ host: "127.0.0.1", port: endpoint.kind === "tcp" ? endpoint.port : 0 });
    socket
      .on("error", () => undefined)
      .pipe(upstream.on("error", () => undefined))
      .pipe(socket);
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const path = join(directory, "kron.port");
  const truth = readFileSync(path);
  writeFileSync(path, JSON.stringify({ port: (relay.address() as { port: number }).port, pid: 1 }));
  is(await codeOf(dial(directory)), "KRON_IPC_FOREIGN");
  writeFileSync(path, truth);
  is(await (await rig.connect()).call("echo", 1), 1);
  relay.close();
  await rig.stop();
  rmSync(parent, { recursive: true });
});

test("54: a token that others may read, that is not ours, too short, or no file, is refused by both sides", async () => {
  const rig = await serve(echo);
  const path = join(rig.directory, "kron.token");
  const good = readFileSync(path);
  const spoil: readonly (() => void)[] = [
    () => chmodSync(path, 0o644),
    () => chmodSync(path, 0o640),
    () => writeFileSync(path, good.subarray(1)),
    () => writeFileSync(path, Buffer.concat([good, good])),
    () => {
      rmSync(path);
      symlinkSync("elsewhere", path);
    },
    () => {
      rmSync(path);
      mkdirSync(path, { mode: 0o700 });
    },
  ];
  for (const change of spoil) {
    change();
    is(await codeOf(dial(rig.directory)), "KRON_TOKEN_INVALID");
    is(await codeOf(serve(echo, {}, rig.directory)), "KRON_TOKEN_INVALID");
    rmSync(path, { recursive: true });
    writeFileSync(path, good, { mode: 0o600 });
  }
  try {
    readToken(rig.directory, 123_456);
    ok(false, "not ours");
  } catch (error) {
    ok(isKronError(error, "KRON_TOKEN_INVALID"));
  }
  is(await (await rig.connect()).call("echo", 1), 1);
  await rig.stop();
});

test("a directory that others may enter, a symbolic link to one, or none, is refused", async () => {
  const rig = await serve(echo);
  chmodSync(rig.directory, 0o750);
  is(await codeOf(dial(rig.directory)), "KRON_DIR_UNUSABLE");
  is(await codeOf(serve(echo, {}, rig.directory)), "KRON_DIR_UNUSABLE");
  chmodSync(rig.directory, 0o700);
  const link = `${rig.directory}-link`;
  symlinkSync(rig.directory, link);
  is(await codeOf(dial(link)), "KRON_DIR_UNUSABLE");
  rmSync(link);
  await rig.stop();
  is(await codeOf(serve(echo, {}, join(rig.directory, "missing"))), "KRON_DIR_UNUSABLE");
});

/** A server that is none of ours in the socket's place: `answer` gets each connection. */
async function impostor(rig: Rig, answer: (socket: Socket) => void): Promise<() => void> {
  await rig.server.close();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    answer(socket);
  });
  server.listen(socketIn(rig.directory));
  await once(server, "listening");
  return () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(rig.directory, { recursive: true, force: true });
  };
}

test("a server that does not know the token is refused, and learns nothing but HELLO", async () => {
  const other = await serve(echo);
  const rig = await serve(echo);
  const heard: Buffer[] = [];
  const stop = await impostor(rig, (socket) => {
    socket.on("data", (bytes) => heard.push(bytes));
    const upstream = connect(socketIn(other.directory)).on("error", () => undefined);
    socket.pipe(upstream).pipe(socket);
  });
  is(await codeOf(dial(rig.directory)), "KRON_UNAUTHORIZED");
  const frames = framesIn(Buffer.concat(heard));
  is(frames[0]?.kind, FRAME_KIND.hello);
  ok(
    frames.slice(1).every(({ kind }) => kind === FRAME_KIND.error),
    "no proof was sent",
  );
  ok(!Buffer.concat(heard).includes(readFileSync(join(rig.directory, "kron.token"))));
  stop();
  await other.stop();
});

test("a stranger that says something else, hangs up, or says nothing, does not keep a client", async () => {
  const rig = await serve(echo);
  let answer: (socket: Socket) => void = (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  const stop = await impostor(rig, (socket) => answer(socket.resume()));
  is(await codeOf(dial(rig.directory)), "KRON_IPC_PROTOCOL");
  answer = (socket) => socket.end();
  is(await codeOf(dial(rig.directory)), "KRON_UNREACHABLE");
  answer = (socket) => socket.destroy();
  is(await codeOf(dial(rig.directory)), "KRON_UNREACHABLE");
  answer = () => undefined;
  is(await codeOf(dial(rig.directory, { deadlineMs: 50 })), "KRON_UNREACHABLE");
  stop();
});

test("19: a client that closes its half in the middle of a frame ends alone", async () => {
  const rig = await serve(echo);
  const good = await rig.connect();
  for (const bytes of [Buffer.alloc(0), Buffer.from("KN"), Buffer.from([0x4b, 0x4e, 1, 16, 0, 0, 0, 0, 0])]) {
    const socket = connect(socketIn(rig.directory)).resume();
    await once(socket, "connect");
    socket.end(bytes);
    await once(socket, "close");
  }
  is(await good.call("echo", 1), 1);
  is(rig.server.connectionCount, 1);
  await rig.stop();
});

test("18: thousands of idle connections, or of one byte, take a bounded part of the server, for a bounded time", async () => {
  const rig = await serve(echo, { limits: { unauthenticatedMax: 8, helloMs: 300 } });
  const good = await rig.connect();
  let most = 0;
  const crowd = (count: number): Socket[] =>
    Array.from({ length: count }, () => connect(socketIn(rig.directory)).on("error", () => undefined));
  for (let batch = 0; batch < 50; batch += 1) {
    const sockets = crowd(40);
    if (batch % 2 === 0) for (const socket of sockets) socket.write("K");
    is(await good.call("echo", batch), batch);
    most = Math.max(most, rig.server.connectionCount);
    for (const socket of sockets) socket.destroy();
  }
  const calm = async (): Promise<void> => {
    while (rig.server.connectionCount > 1) await good.call("echo", 0);
  };
  await calm();
  const told = crowd(12).map(async (socket) => {
    const chunks: Buffer[] = [];
    socket.on("data", (bytes) => chunks.push(bytes));
    await new Promise((resolve) => socket.once("close", resolve));
    return framesIn(Buffer.concat(chunks)).map(({ body }) => body[0]);
  });
  const codes = (await Promise.all(told)).flat().sort();
  equal([codes[0], codes.at(-1)], ["KRON_IPC_OVERLOADED", "KRON_IPC_PROTOCOL"]);
  await calm();
  ok(most <= 9, `${most} connections at a time`);
  is(await (await rig.connect()).call("echo", "there is room again"), "there is room again");
  await rig.stop();
});

test("connections in all have a limit, and whoever comes too late is told", async () => {
  const rig = await serve(echo, { limits: { connectionsMax: 2 } });
  const first = await rig.connect();
  await rig.connect();
  is(await codeOf(dial(rig.directory)), "KRON_IPC_OVERLOADED");
  await first.close();
  is(await (await rig.connect()).call("echo", 1), 1);
  await rig.stop();
});

/** A client that has been let in, and from then on does with its socket what the test likes. */
async function rawClient(directory: string): Promise<{ socket: Socket; term: number }> {
  const socket = connect(socketIn(directory));
  let term = 0;
  await new Promise<void>((resolve, reject) => {
    const session = new ClientSession({
      limits: defaultLimits,
      now: () => 0,
      report: reject,
      token: readToken(directory) ?? new Uint8Array(0),
      hello,
      onOpen: () => resolve(),
      onEnd: reject,
    });
    const flush = (): void => {
      const bytes = session.takeOutput();
      if (bytes !== undefined) socket.write(Buffer.from(bytes));
      session.sent();
    };
    socket.on("data", (bytes) => {
      term = framesIn(bytes)[0]?.epoch ?? 0;
      session.feed(bytes);
      flush();
    });
    flush();
  });
  socket.removeAllListeners("data");
  return { socket, term };
}

test("20: 100,000 requests and nobody who reads the answers: the server stops reading, and goes on when they do", async () => {
  let calls = 0;
  const call = (): string => {
    calls += 1;
    return "x".repeat(100);
  };
  const rig = await serve({ ...echo, note: { kind: "unary", call } });
  const { socket, term } = await rawClient(rig.directory);
  socket.pause();
  const count = 100_000;
  const requests = Array.from({ length: count }, (_, index) =>
    frame(FRAME_KIND.request, ["note", 0, null], { seq: index + 1, term }),
  );
  socket.write(Buffer.concat(requests));
  const good = await rig.connect();
  // Turns of the server's loop, in each of which it could have taken another 64 KiB of requests.
  for (let turn = 0; turn < 300; turn += 1) is(await good.call("echo", turn), turn);
  ok(calls < 20_000, `${calls} were carried out`);
  let seen = 0;
  await new Promise<void>((resolve) => {
    const reader = new FrameReader(() => 1_000);
    socket.on("data", (bytes) => {
      reader.push(bytes);
      for (let next = reader.next(); next !== undefined; next = reader.next()) {
        seen += 1;
        if (next.seq !== seen) throw new Error(`Expected the answer to ${seen}, got ${next.seq}`);
      }
      if (seen === count) resolve();
    });
    socket.resume();
  });
  is(calls, count);
  socket.destroy();
  await rig.stop();
});

test("an error that a client cannot do anything about says so in its hint", async () => {
  const error = (await rejection(dial(makeDirectory()))) as KronError;
  is(error.code, "KRON_UNREACHABLE");
  ok(error.hint?.includes("Start the application"));
});

test.run();
