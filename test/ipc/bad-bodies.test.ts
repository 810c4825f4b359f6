/**
 * The list of bad inputs, "msgpack", number by number, as the parameters of a request to a server and as the answer to
 * a client: each is refused before the decoder sees it, or read as what it is, and nothing else breaks.
 */

import { equal, is } from "uvu/assert";
import { FRAME_KIND } from "../../src/journal/frame.ts";
import { suite } from "../support/suite.ts";
import { frame, newServer, openClient, openServer, sent, verdict } from "./session-rig.ts";

const test = suite("ipc bad bodies");

const bytes = (...parts: readonly (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === "number" ? Buffer.of(part) : typeof part === "string" ? text(part) : part)),
  );
const text = (value: string): Buffer => Buffer.concat([Buffer.of(0xa0 | Buffer.byteLength(value)), Buffer.from(value)]);
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");

/** How a server takes `["echo", 0, params]`, whose last field is given as bytes; what was called goes to `calls`. */
function asParams(params: Uint8Array, calls: unknown[] = []): string {
  const { session, reports } = openServer({
    methods: {
      echo: {
        kind: "unary",
        call: (value) => {
          calls.push(value);
          return null;
        },
      },
    },
  });
  session.feed(frame(FRAME_KIND.request, bytes(0x93, "echo", 0, params), { seq: 1 }));
  equal(reports, [], "nothing was unforeseen");
  return verdict(session);
}

/** How a client takes an answer of these bytes. */
function asAnswer(value: Uint8Array): string {
  const { session } = openClient();
  session.requests.begin({
    channel: 0,
    method: "echo",
    params: null,
    window: 0,
    deadlineMs: 0,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    seq: 0,
    answered: () => true,
    failed: () => undefined,
  });
  sent(session);
  session.feed(frame(FRAME_KIND.response, bytes(0x91, value), { seq: 1 }));
  return verdict(session);
}

/** How a server takes it as the whole body of HELLO. */
function asHello(body: Uint8Array): string {
  const { session } = newServer();
  session.feed(frame(FRAME_KIND.hello, body, { term: 0 }));
  return verdict(session);
}

function refused(body: Uint8Array): void {
  const refusal = "KRON_IPC_PROTOCOL body";
  is(asParams(body), refusal, `params ${body.toString().slice(0, 40)}`);
  is(asAnswer(body), refusal);
  is(asHello(body), body.length > 4_096 ? "KRON_IPC_PROTOCOL length" : refusal);
}

/** What is read is `value`, and the connection goes on. */
function read(body: Uint8Array, value: unknown): void {
  const calls: unknown[] = [];
  is(asParams(body, calls), "goes on");
  equal(calls, [value]);
  is(asAnswer(body), "goes on");
}

test("27: array32, map32, str32, bin32 and ext32 with a length of 2^32 - 1", () => {
  for (const head of ["dd", "df", "db", "c6", "c9"]) {
    refused(hex(`${head} ff ff ff ff`));
    refused(hex(`${head} ff ff ff ff 01 01 01 01`));
  }
});

test("28: an array32 of 16 M elements with 5 bytes behind it", () => {
  refused(hex("dd 01 00 00 00 01 01 01 01 01"));
});

test("29, 30: 100,000 nested arrays, 50,000 nested maps", () => {
  refused(Buffer.alloc(100_000, 0x91));
  refused(Buffer.concat(Array.from({ length: 50_000 }, () => hex("81 a1 61"))));
  read(Buffer.concat([Buffer.alloc(31, 0x91), Buffer.of(1)]), nested(31));
  is(asParams(Buffer.concat([Buffer.alloc(32, 0x91), Buffer.of(1)])), "KRON_IPC_PROTOCOL body", "32 in a tuple is 33");
});

test("31, 32: __proto__, constructor and prototype as keys", () => {
  refused(bytes(0x81, "__proto__", 0x81, "polluted", 1));
  refused(bytes(0x81, "constructor", 0x81, "prototype", 0x80));
  refused(bytes(0x81, "prototype", 1));
  is(({} as { polluted?: unknown }).polluted, undefined);
});

test("33: the reserved byte 0xc1", () => refused(hex("c1")));

test("34: a key that comes twice, in a small map and in a large one", () => {
  refused(bytes(0x82, "a", 1, "a", 2));
  const large = Array.from({ length: 40 }, (_, index) => bytes(`k${index % 39}`, index));
  refused(bytes(hex("de 00 28"), ...large));
});

test("35: keys that are integers, nil, maps, binary", () => {
  for (const key of ["01", "c0", "80", "90", "c4 01 61", "c3", "ca 00 00 00 00"]) refused(bytes(0x81, hex(key), 1));
});

test("36: invalid UTF-8 and a lone surrogate", () => {
  for (const broken of ["a1 ff", "a2 c3 28", "a3 ed a0 80", "a2 c0 80", "a4 f5 80 80 80", "a1 e2"])
    refused(hex(broken));
  refused(bytes(0x81, hex("a1 ff"), 1));
});

test("37: 2^64 - 1, 2^53 + 1 and -2^63 are read as what they are; as a deadline they are refused", () => {
  read(hex("cf ff ff ff ff ff ff ff ff"), 2n ** 64n - 1n);
  read(hex("cf 00 20 00 00 00 00 00 01"), 2n ** 53n + 1n);
  read(hex("d3 80 00 00 00 00 00 00 00"), -(2n ** 63n));
  for (const deadline of ["cf ff ff ff ff ff ff ff ff", "cf 00 20 00 00 00 00 00 01"]) {
    is(asDeadline(hex(deadline)), "KRON_IPC_PROTOCOL");
  }
});

test("38: NaN, infinities and -0 are numbers where any are, and refused as a deadline", () => {
  read(hex("cb 7f f8 00 00 00 00 00 00"), Number.NaN);
  read(hex("cb 7f f0 00 00 00 00 00 00"), Number.POSITIVE_INFINITY);
  read(hex("cb 80 00 00 00 00 00 00 00"), -0);
  for (const deadline of ["cb 7f f8 00 00 00 00 00 00", "cb 7f f0 00 00 00 00 00 00", "cb bf f0 00 00 00 00 00 00"]) {
    is(asDeadline(hex(deadline)), "KRON_IPC_PROTOCOL");
  }
  is(asDeadline(hex("cb 80 00 00 00 00 00 00 00")), "goes on", "-0 is 0");
});

test("39: timestamps with too many nanoseconds, or of 5 bytes", () => {
  refused(hex("d7 ff ee 6b 28 00 00 00 00 00"));
  refused(hex("c7 0c ff 3b 9a ca 00 00 00 00 00 00 00 00 00"));
  refused(hex("c7 05 ff 00 00 00 00 00"));
  read(hex("d6 ff 00 00 00 01"), new Date(1_000));
});

test("40: msgpackr's own extensions: records, errors, regular expressions, sets, structures", () => {
  for (const type of ["72", "65", "78", "73", "70", "69", "62", "42", "74", "00", "01"]) {
    refused(hex(`d4 ${type} 00`));
    refused(hex(`c7 02 ${type} 91 00`));
    refused(hex(`d5 ${type} 91 00`));
  }
});

test("41, 42: bytes behind the value, and no value", () => {
  refused(bytes(1, 1));
  is(asHello(hex("")), "KRON_IPC_PROTOCOL body");
  is(asParams(hex("")), "KRON_IPC_PROTOCOL body");
  const { session } = openServer();
  session.feed(frame(FRAME_KIND.request, hex(""), { seq: 1 }));
  is(verdict(session), "KRON_IPC_PROTOCOL body");
});

test("every body that is cut short is refused, wherever the cut is", () => {
  const whole = bytes(
    0x83,
    "a",
    hex("cb 3f f0 00 00 00 00 00 00"),
    "b",
    hex("c4 02 01 02"),
    "c",
    0x92,
    "x",
    hex("d6 ff 00 00 00 01"),
  );
  is(asParams(whole), "goes on");
  for (let cut = 1; cut < whole.length; cut += 1) is(asParams(whole.subarray(0, cut)), "KRON_IPC_PROTOCOL body");
});

test.run();

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

function asDeadline(deadline: Uint8Array): string {
  const { session } = openServer({ methods: { echo: { kind: "unary", call: () => null } } });
  session.feed(frame(FRAME_KIND.request, bytes(0x93, "echo", deadline, 1), { seq: 1 }));
  return verdict(session);
}
