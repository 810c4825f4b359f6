/**
 * The list of bad inputs, "Frames/IPC", number by number, against the session of a server (and of a client where it is
 * the one who could be lied to). What needs real sockets is in sockets.test.ts; numbers that have no literal meaning
 * here stand with what comes nearest. Numbers 16, 17 and 20, about time and pressure, are in pressure.test.ts.
 */

import { equal, is, ok } from "uvu/assert";
import type { LinkExchange } from "../../src/ipc/client-exchange.ts";
import { ClientStream } from "../../src/ipc/client-stream.ts";
import { helloBody } from "../../src/ipc/protocol.ts";
import { packCopy } from "../../src/journal/codec.ts";
import { FRAME_KIND, seqMax } from "../../src/journal/frame.ts";
import { suite } from "../support/suite.ts";
import {
  epoch,
  frame,
  greeting,
  hello,
  helloFrame,
  newClient,
  newServer,
  openClient,
  openServer,
  proofFrame,
  resealed,
  sent,
  serverHello,
  token,
  verdict,
} from "./session-rig.ts";

const test = suite("ipc bad frames");

const echo = { echo: { kind: "unary", call: (params: unknown) => params } } as const;
const request = (seq: number, fields = {}): Uint8Array =>
  frame(FRAME_KIND.request, ["echo", 0, "x"], { seq, ...fields });

/** Bytes changed after all checksums were made. */
function spoilt(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = byte;
  return copy;
}

/** How a server that has let the client in takes `bytes`, after request 1 was answered. */
function judged(...bytes: readonly Uint8Array[]): string {
  const { session } = openServer({ methods: echo });
  session.feed(request(1));
  equal(
    sent(session).map(({ kind, seq }) => [kind, seq]),
    [[FRAME_KIND.response, 1]],
  );
  for (const some of bytes) session.feed(some);
  return verdict(session);
}

/** The same for a server that knows nothing of the client yet. */
function judgedAtTheDoor(bytes: Uint8Array): string {
  const { session } = newServer({ methods: echo });
  session.feed(bytes);
  return verdict(session);
}

test("the frames that the others are made from are good", () => {
  is(judged(request(2)), "goes on");
  is(judgedAtTheDoor(helloFrame()), "goes on");
});

test("1: wrong magic", () => {
  is(judged(spoilt(request(2), 0, 0x4c)), "KRON_IPC_PROTOCOL magic");
  is(judgedAtTheDoor(Buffer.from("GE")), "KRON_IPC_PROTOCOL magic", "two bytes of a stranger are enough");
  is(judgedAtTheDoor(Buffer.from("G")), "KRON_IPC_PROTOCOL magic", "or one");
  is(judgedAtTheDoor(Uint8Array.of(0x4b)), "goes on");
});

test("2: version 0, 2, 255 of the frame; and no common version of the protocol", () => {
  for (const version of [0, 2, 255]) is(judged(request(2, { version })), "KRON_IPC_PROTOCOL version");
  const versions = (min: number, max: number): Uint8Array =>
    helloFrame(helloBody({ ...hello, protocolMin: min, protocolMax: max }));
  is(judgedAtTheDoor(versions(2, 9)), "KRON_IPC_VERSION");
  is(judgedAtTheDoor(versions(0, 0)), "KRON_IPC_VERSION");
  is(judgedAtTheDoor(versions(0, 9)), "goes on");
});

test("3: kind 0, unknown kinds, kinds of the journal, and kinds that only the other side may send", () => {
  for (const kind of [0, 1, 2, 15, 29, 255]) is(judged(frame(kind, [], { seq: 2 })), "KRON_IPC_PROTOCOL kind");
  for (const kind of [
    FRAME_KIND.challenge,
    FRAME_KIND.welcome,
    FRAME_KIND.response,
    FRAME_KIND.items,
    FRAME_KIND.end,
  ]) {
    is(judged(frame(kind, [1], { seq: 1 })), "KRON_IPC_PROTOCOL kind");
  }
  const { session } = openClient();
  session.feed(request(1));
  is(verdict(session), "KRON_IPC_PROTOCOL order");
});

test("4, 5: a length of 2^32 - 1, and one more than is allowed, before any of it has come", () => {
  const headOf = (bytes: number, kind: number = FRAME_KIND.request): Uint8Array =>
    withLength(frame(kind, ["echo", 0, "x"], { seq: 2 }), bytes).subarray(0, 40);
  is(judged(headOf(0xffff_ffff)), "KRON_IPC_PROTOCOL length");
  is(judged(headOf(1024 * 1024 + 1)), "KRON_IPC_PROTOCOL length");
  is(judged(headOf(1024 * 1024)), "goes on");
  is(judged(headOf(4 * 1024 + 1, FRAME_KIND.cancel)), "KRON_IPC_PROTOCOL length");
  const helloHead = (bytes: number): Uint8Array => withLength(helloFrame(), bytes).subarray(0, 40);
  is(judgedAtTheDoor(helloHead(4 * 1024 + 1)), "KRON_IPC_PROTOCOL length");
  is(judgedAtTheDoor(helloHead(4 * 1024)), "goes on");
  const { session } = openClient();
  session.feed(withLength(frame(FRAME_KIND.response, [1], { seq: 1 }), 16 * 1024 * 1024 + 1).subarray(0, 40));
  is(verdict(session), "KRON_IPC_PROTOCOL length");
});

test("6: a length shorter than the body", () => {
  const longer = frame(FRAME_KIND.request, ["echo", 0, "0123456789abcdef"], { seq: 2 });
  // The header is good in itself: the body's checksum is what tells.
  is(judged(withLength(longer, 8)), "KRON_IPC_PROTOCOL body-checksum");
});

test("7, 8: a wrong checksum of header or body", () => {
  for (let at = 4; at < 40; at += 1) {
    const good = request(2);
    is(judged(spoilt(good, at, (good[at] as number) ^ 1)), "KRON_IPC_PROTOCOL header-checksum");
  }
  for (const at of [40, 44]) is(judged(spoilt(request(2), at, 0)), "KRON_IPC_PROTOCOL body-checksum");
});

test("9: padding that is not zero", () => {
  const good = request(2);
  is(judged(spoilt(good, good.length - 1, 1)), "KRON_IPC_PROTOCOL body-checksum");
  is(judged(paddedWith(["echo", 0, "x"], 1)), "KRON_IPC_PROTOCOL padding", "with a checksum that covers it");
  is(judged(paddedWith(["echo", 0, "x"], 0)), "goes on");
});

test("10, 11: a request's number comes again, or one is left out", () => {
  is(judged(request(1)), "KRON_IPC_PROTOCOL seq");
  is(judged(request(3)), "KRON_IPC_PROTOCOL seq");
  is(judged(request(0)), "KRON_IPC_PROTOCOL seq");
  is(judged(request(2), request(4)), "KRON_IPC_PROTOCOL seq");
});

test("12: numbers up to 2^48 - 1 are read, and a client whose numbers are used up says so", () => {
  is(judged(request(seqMax)), "KRON_IPC_PROTOCOL seq");
  const { session } = openClient({ seqMax: 2 });
  const failures: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    session.requests.begin({
      channel: 0,
      method: "echo",
      params: 1,
      window: 0,
      deadlineMs: 0,
      deadlineAtMs: Number.POSITIVE_INFINITY,
      seq: 0,
      answered: () => true,
      failed: (error) => failures.push(error.code),
    });
  }
  equal(
    sent(session).map(({ seq }) => seq),
    [1, 2],
  );
  equal(failures, ["KRON_IPC_OVERLOADED"]);
});

test("13: another epoch than the session's, lower or higher", () => {
  for (const term of [0, epoch - 1, epoch + 1]) is(judged(request(2, { term })), "KRON_IPC_PROTOCOL epoch");
  is(judgedAtTheDoor(helloFrame(undefined, { term: 1 })), "KRON_IPC_PROTOCOL epoch");
  const { session } = openClient();
  session.feed(frame(FRAME_KIND.response, [1], { seq: 1, term: epoch - 1 }));
  is(verdict(session), "KRON_IPC_PROTOCOL epoch");
});

test("14, 15: prev, durable or flags (compression would be one of them) that are not 0", () => {
  for (const fields of [{ prev: 1 }, { durable: 1 }, { flags: 1 }, { flags: 2 }, { flags: 0x8000 }]) {
    is(judged(request(2, fields)), "KRON_IPC_PROTOCOL reserved");
    is(judgedAtTheDoor(helloFrame(undefined, fields)), "KRON_IPC_PROTOCOL reserved");
  }
});

test("21: a request, or anything else, before HELLO, and before the proof", () => {
  const { welcome, challenge, hello: first, ...others } = FRAME_KIND;
  for (const kind of Object.values(others).filter((value) => value > first)) {
    const fields = { term: 0, seq: kind === others.error ? 1 : 0 };
    is(judgedAtTheDoor(frame(kind, ["echo", 0, "x"], fields)), "KRON_IPC_PROTOCOL order");
    const { session } = newServer({ methods: echo });
    session.feed(helloFrame());
    if (kind === others.proof) continue;
    session.feed(frame(kind, ["echo", 0, "x"], { seq: fields.seq }));
    is(verdict(session), "KRON_IPC_PROTOCOL order");
  }
  const early = newClient();
  early.session.feed(frame(welcome, [4, 1_024, 256]));
  is(verdict(early.session), "KRON_IPC_PROTOCOL order");
  const unproven = newClient();
  unproven.session.feed(greeting().subarray(0, greeting().length - 80));
  unproven.session.feed(frame(welcome, [4, 1_024, 256]));
  is(verdict(unproven.session), "KRON_IPC_PROTOCOL order", "a welcome without a proof");
  ok(challenge > 0);
});

test("22: HELLO or the proof a second time", () => {
  is(judged(helloFrame()), "KRON_IPC_PROTOCOL epoch");
  is(judged(helloFrame(undefined, { term: epoch })), "KRON_IPC_PROTOCOL order");
  is(judged(proofFrame("client")), "KRON_IPC_PROTOCOL order");
  const { session } = newServer();
  session.feed(Buffer.concat([helloFrame(), helloFrame(undefined, { term: epoch })]));
  is(verdict(session), "KRON_IPC_PROTOCOL order");
});

test("23: HELLO for another directory, or another port; a challenge of another directory", () => {
  is(judgedAtTheDoor(helloFrame(helloBody({ ...hello, uuid: "uuid-2" }))), "KRON_IPC_FOREIGN");
  is(judgedAtTheDoor(helloFrame(helloBody({ ...hello, uuid: "uuid-1" }))), "goes on");
  is(judgedAtTheDoor(helloFrame(helloBody({ ...hello, port: 4711 }))), "KRON_IPC_FOREIGN");
  const { session } = newServer({ port: 4711 });
  session.feed(helloFrame(helloBody({ ...hello, port: 4711 })));
  is(verdict(session), "goes on");
  const client = newClient({ hello: { ...hello, uuid: "uuid-2" } });
  sent(client.session);
  client.session.feed(greeting());
  is(verdict(client.session), "KRON_IPC_FOREIGN");
});

test("24: two clients with one session's id: the epoch of another connection opens nothing here", () => {
  is(judged(request(2, { term: epoch + 1 })), "KRON_IPC_PROTOCOL epoch");
  const { session } = newServer({ methods: echo });
  session.feed(request(1));
  is(verdict(session), "KRON_IPC_PROTOCOL epoch");
});

test("25: an answer to a request that was never made, or was answered; and any frame for it", () => {
  for (const [kind, body, channel] of [
    [FRAME_KIND.response, [1], 0],
    [FRAME_KIND.error, ["KRON_CONFLICT", "no", null, null], 0],
    [FRAME_KIND.items, [1], 1],
    [FRAME_KIND.end, [], 1],
    [FRAME_KIND.messages, [["m"]], 2],
    [FRAME_KIND.close, [], 2],
  ] as const) {
    const { session } = openClient();
    session.feed(frame(kind, body, { seq: 1, stream: channel }));
    is(verdict(session), "KRON_IPC_PROTOCOL order");
  }
  for (const kind of [FRAME_KIND.cancel, FRAME_KIND.credit, FRAME_KIND.messages, FRAME_KIND.close]) {
    is(judged(frame(kind, [], { seq: 2 })), "KRON_IPC_PROTOCOL order", "a number that was not used yet");
  }
  is(judged(frame(FRAME_KIND.cancel, [], { seq: 1 })), "goes on", "one that has just been answered is no breach");
});

test("25: a frame of another channel than its request's, while that is under way", () => {
  const { session } = openServer({ methods: { mute: { kind: "stream", open: () => undefined } } });
  session.feed(frame(FRAME_KIND.request, ["mute", 0, null, 4], { seq: 1, stream: 1 }));
  session.feed(frame(FRAME_KIND.cancel, [], { seq: 1, stream: 0 }));
  is(verdict(session), "KRON_IPC_PROTOCOL order");
});

test("25: what still comes for a link that was given up while it opened is no breach", () => {
  const { session } = openClient();
  const heard: string[] = [];
  const exchange: LinkExchange = {
    channel: 2,
    method: "talk",
    params: null,
    window: 0,
    deadlineMs: 0,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    seq: 0,
    link: undefined,
    answered: () => heard.push("answered") > 0,
    failed: () => heard.push("failed"),
  };
  session.requests.begin(exchange);
  session.requests.giveUp(exchange);
  equal(
    sent(session).map(({ kind }) => kind),
    [FRAME_KIND.request, FRAME_KIND.cancel],
  );
  session.feed(frame(FRAME_KIND.response, ["opened"], { seq: 1, stream: 2 }));
  session.feed(frame(FRAME_KIND.messages, [["m"]], { seq: 1, stream: 2 }));
  session.feed(frame(FRAME_KIND.close, [], { seq: 1, stream: 2 }));
  is(verdict(session), "goes on");
  is(session.requests.inFlight, 0);
  equal(heard, []);
});

test("25: a stream that sends more than it has credit for", () => {
  const { session } = openClient();
  const stream = new ClientStream(session.requests, { method: "s", params: null, window: 2 }, () => undefined);
  session.requests.begin(stream);
  session.feed(frame(FRAME_KIND.items, [1, 2, 3], { seq: 1, stream: 1 }));
  is(verdict(session), "KRON_IPC_PROTOCOL credit");
});

test("26: one number with two bodies: a number is never used twice, so nothing is done twice", () => {
  const called: unknown[] = [];
  const { session } = openServer({ methods: { note: { kind: "unary", call: (params) => called.push(params) } } });
  session.feed(frame(FRAME_KIND.request, ["note", 0, "a"], { seq: 1 }));
  session.feed(frame(FRAME_KIND.request, ["note", 0, "b"], { seq: 1 }));
  equal(called, ["a"]);
  is(verdict(session), "KRON_IPC_PROTOCOL seq");
});

test("fields of bodies that are missing, too many or of the wrong type", () => {
  for (const body of [[], ["echo"], ["echo", 0], ["echo", 0, 1, 2], [1, 0, 1], ["echo", -1, 1], ["echo", 1.5, 1]]) {
    is(judged(frame(FRAME_KIND.request, body, { seq: 2 })), "KRON_IPC_PROTOCOL");
  }
  is(judged(frame(FRAME_KIND.request, ["echo".repeat(99), 0, 1], { seq: 2 })), "KRON_IPC_PROTOCOL");
  for (const window of [0, -1, 65_537, "9", null]) {
    is(judged(frame(FRAME_KIND.request, ["echo", 0, 1, window], { seq: 2, stream: 1 })), "KRON_IPC_PROTOCOL");
  }
  is(judged(frame(FRAME_KIND.request, ["echo", 0, 1], { seq: 2, stream: 3 })), "KRON_IPC_PROTOCOL order");
  is(judged(frame(FRAME_KIND.request, packCopy({ a: 1 }), { seq: 2 })), "KRON_IPC_PROTOCOL body");
  is(judged(frame(FRAME_KIND.cancel, [1], { seq: 1 })), "KRON_IPC_PROTOCOL");
  const good = helloBody(hello);
  good.forEach((_, place) => {
    is(judgedAtTheDoor(helloFrame(good.with(place, { odd: 1 }))), "KRON_IPC_PROTOCOL");
    is(judgedAtTheDoor(helloFrame(good.slice(0, place))), "KRON_IPC_PROTOCOL");
  });
  is(judgedAtTheDoor(helloFrame([...good, "of a later version"])), "goes on");
});

test("a client that does not know the token is refused, and so is a server", () => {
  const { session } = newServer({ methods: echo });
  session.feed(helloFrame());
  session.feed(proofFrame("client", new Uint8Array(32)));
  is(verdict(session), "KRON_UNAUTHORIZED");
  const reflected = newServer();
  reflected.session.feed(helloFrame());
  reflected.session.feed(proofFrame("server"));
  is(verdict(reflected.session), "KRON_UNAUTHORIZED", "the server's own proof, sent back");

  const client = newClient();
  const before = sent(client.session);
  client.session.feed(greeting(new Uint8Array(32)));
  is(verdict(client.session), "KRON_UNAUTHORIZED");
  equal(client.opened, []);
  equal(
    before.map(({ kind }) => kind),
    [FRAME_KIND.hello],
    "no proof was sent",
  );
  const changed = newClient();
  const challenge = greeting();
  changed.session.feed(frame(FRAME_KIND.challenge, [1, [], "uuid-1", "supervised", "1.0.0", 815, serverHello.nonce]));
  changed.session.feed(challenge.subarray(challenge.length - 80));
  is(verdict(changed.session), "KRON_UNAUTHORIZED", "the proof covers all that the server says");
  is(token.length, 32);
});

test.run();

/** The frame with another length in its header, whose checksum is right all the same. */
function withLength(bytes: Uint8Array, length: number): Uint8Array {
  return resealed(bytes, (view) => view.setUint32(4, length, true));
}

/** A request with `byte` at the end of its padding, under good checksums. */
function paddedWith(body: unknown, byte: number): Uint8Array {
  const packed = packCopy(body);
  const whole = new Uint8Array(Math.ceil(packed.length / 8) * 8);
  whole.set(packed);
  ok(whole.length > packed.length, "there is padding");
  whole[whole.length - 1] = byte;
  // Sealed as a body that fills its padding, then made shorter: the checksum is the same.
  return withLength(frame(FRAME_KIND.request, whole, { seq: 2 }), packed.length);
}
