/**
 * Slow clients and greedy ones, against the session of a server: numbers 16, 17 and 20 of the list of bad inputs,
 * "Frames/IPC"; and the limits of streams, links and what waits to be sent.
 */

import { equal, is, ok } from "uvu/assert";
import { FRAME_KIND } from "../../src/journal/frame.ts";
import { suite } from "../support/suite.ts";
import { frame, helloFrame, newServer, openServer, sent, verdict } from "./session-rig.ts";

const test = suite("ipc pressure");

const echo = { echo: { kind: "unary", call: (params: unknown) => params } } as const;
const request = (seq: number): Uint8Array => frame(FRAME_KIND.request, ["echo", 0, "x"], { seq });

test("16: one byte a second", () => {
  const { session, time } = openServer({ methods: echo });
  const bytes = request(1);
  let fed = 0;
  for (; fed < bytes.length && !session.isEnded; fed += 1) {
    session.feed(bytes.subarray(fed, fed + 1));
    time.nowMs += 1_000;
    session.tick();
  }
  is(verdict(session), "KRON_IPC_PROTOCOL slow");
  is(fed, 10, "a frame gets 10 s");
});

test("16: a frame that follows another has its own time; whole frames that come slowly are no matter", () => {
  const { session, time } = openServer({ methods: echo });
  for (let seq = 1; seq <= 20; seq += 1) {
    const bytes = request(seq);
    session.feed(bytes.subarray(0, 30));
    time.nowMs += 9_999;
    session.tick();
    session.feed(Buffer.concat([bytes.subarray(30), request(seq + 1).subarray(0, 0)]));
  }
  time.nowMs += 3_600_000;
  session.tick();
  is(verdict(session), "goes on");
  is(session.wakeAtMs, Number.POSITIVE_INFINITY, "nothing is waited for");
});

test("17: a header, then silence; nothing at all; HELLO, then silence", () => {
  const half = openServer({ methods: echo });
  half.session.feed(request(1).subarray(0, 40));
  is(half.session.wakeAtMs, half.time.nowMs + 10_000);
  half.time.nowMs = half.session.wakeAtMs;
  half.session.tick();
  is(verdict(half.session), "KRON_IPC_PROTOCOL slow");

  const silent = newServer();
  is(silent.session.wakeAtMs, silent.time.nowMs + 2_000);
  silent.time.nowMs += 1_999;
  silent.session.tick();
  is(verdict(silent.session), "goes on");
  silent.time.nowMs += 1;
  silent.session.tick();
  is(verdict(silent.session), "KRON_IPC_PROTOCOL slow");

  const shy = newServer();
  shy.time.nowMs += 1_500;
  shy.session.feed(helloFrame());
  shy.time.nowMs += 1_999;
  shy.session.tick();
  ok(!shy.session.isEnded);
  shy.time.nowMs += 1;
  shy.session.tick();
  is(verdict(shy.session), "KRON_IPC_PROTOCOL slow");
});

test("20: with 1 MiB to be sent no more requests are read, and none is lost", () => {
  const big = "x".repeat(100_000);
  const { session } = openServer({ methods: { big: { kind: "unary", call: () => big } } });
  const bytes = Buffer.concat(
    Array.from({ length: 100 }, (_, index) => frame(FRAME_KIND.request, ["big", 0, null], { seq: index + 1 })),
  );
  session.feed(bytes);
  ok(!session.wantsInput);
  ok(session.queuedBytes < 1_200_000, `${session.queuedBytes} bytes wait`);
  ok(session.unreadBytes > 0);
  is(session.wakeAtMs, Number.POSITIVE_INFINITY, "the client is not blamed for what we do not read");
  const answered: number[] = [];
  for (let round = 0; round < 100 && answered.length < 100; round += 1) {
    answered.push(...sent(session).map(({ seq }) => seq));
    session.resume();
  }
  equal(
    answered,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
});

test("20: a client whose requests are all under way is refused more of them, each by its number", () => {
  const never = new Promise(() => undefined);
  const { session } = openServer({
    methods: { wait: { kind: "unary", call: () => never } },
    limits: { inFlightMax: 2 },
  });
  for (let seq = 1; seq <= 4; seq += 1) session.feed(frame(FRAME_KIND.request, ["wait", 0, null], { seq }));
  equal(
    sent(session).map(({ kind, seq, body }) => [kind, seq, body[0]]),
    [3, 4].map((seq) => [FRAME_KIND.error, seq, "KRON_IPC_OVERLOADED"]),
  );
  session.feed(frame(FRAME_KIND.cancel, [], { seq: 1 }));
  session.feed(frame(FRAME_KIND.request, ["wait", 0, null], { seq: 5 }));
  equal(
    sent(session).map(({ seq, body }) => [seq, body[0]]),
    [
      [1, "KRON_CANCELLED"],
      [5, "KRON_IPC_OVERLOADED"],
    ],
    "what was taken back and is still worked on counts",
  );
  is(session.inFlight, 2);
});

test("what waits to be sent has an end: the connection is closed, and the client learns why", () => {
  const { session } = openServer({
    methods: { big: { kind: "unary", call: async () => "x".repeat(1_000_000) } },
    limits: { queuedBytesMax: 3_000_000 },
  });
  for (let seq = 1; seq <= 5; seq += 1) session.feed(frame(FRAME_KIND.request, ["big", 0, null], { seq }));
  return Promise.resolve().then(() => {
    ok(session.queuedBytes < 1_000, "what waited is gone");
    is(verdict(session), "KRON_IPC_OVERLOADED");
  });
});

test("a stream can be given only so much credit", () => {
  const { session } = openServer({
    methods: { mute: { kind: "stream", open: () => undefined } },
    limits: { windowMax: 10 },
  });
  const credit = (count: number): Uint8Array => frame(FRAME_KIND.credit, [count], { seq: 1, stream: 1 });
  session.feed(frame(FRAME_KIND.request, ["mute", 0, null, 4], { seq: 1, stream: 1 }));
  session.feed(credit(6));
  ok(!session.isEnded);
  session.feed(credit(1));
  is(verdict(session), "KRON_IPC_PROTOCOL");
});

test.run();
