/** Valid transcripts at random: what a client sends to a server, and what a server answers to a client. */

import { KronError } from "../../src/core/errors.ts";
import { errorBody } from "../../src/ipc/wire-error.ts";
import { FRAME_KIND } from "../../src/journal/frame.ts";
import { frame, greeting, helloFrame, proofFrame } from "../ipc/session-rig.ts";
import type { Seeded } from "../support/seeded.ts";

const methods = ["echo", "later", "never", "fail", "crash", "ticks", "mute", "talk", "refuse", "unknown"] as const;
/** The channel that each method wants; asked for another now and then. */
const channels = { ticks: 1, mute: 1, talk: 2, refuse: 2 } as const;

/** Frames of a client: the handshake, then requests and what belongs to them. */
export function clientTranscript(chance: Seeded): Uint8Array[] {
  const frames = [helloFrame(), proofFrame("client")];
  /** The channel of each request, by number from 1. */
  const opened: number[] = [];
  const length = chance.int(0, 30);
  for (let step = 0; step < length; step += 1) {
    if (opened.length > 0 && chance.chance(0.4)) {
      const seq = chance.int(1, opened.length);
      frames.push(followUp(seq, opened[seq - 1] ?? 0, chance));
    } else frames.push(request(opened, chance));
  }
  return frames;
}

function request(opened: number[], chance: Seeded): Uint8Array {
  const method = chance.pick(methods);
  const usual = (channels as Readonly<Record<string, number>>)[method] ?? 0;
  const stream = chance.chance(0.95) ? usual : chance.int(0, 2);
  const params = chance.pick([null, 1, "text", { a: [1, 2, { b: "é" }] }, "x".repeat(3_000)]);
  const body: unknown[] = [method, chance.pick([0, 1, 30_000]), params];
  if (stream === 1) body.push(chance.pick([1, 3, 256]));
  return frame(FRAME_KIND.request, body, { seq: opened.push(stream), stream });
}

function followUp(seq: number, stream: number, chance: Seeded): Uint8Array {
  const fields = { seq, stream };
  if (stream === 1 && chance.chance(0.7)) return frame(FRAME_KIND.credit, [chance.int(1, 300)], fields);
  if (stream === 2 && chance.chance(0.6)) {
    return frame(
      FRAME_KIND.messages,
      [
        ["m", seq],
        ["m", "x".repeat(chance.pick([1, 500]))],
      ],
      fields,
    );
  }
  if (stream === 2 && chance.chance(0.5)) return frame(FRAME_KIND.close, [], fields);
  return frame(FRAME_KIND.cancel, [], fields);
}

/** Frames of a server for a client that has asked for `calls` calls, then as many streams and links. */
export function serverTranscript(calls: number, chance: Seeded): Uint8Array[] {
  const hello = greeting();
  const frames = [hello.subarray(0, hello.length - 80), hello.subarray(hello.length - 80)];
  frames.push(frame(FRAME_KIND.welcome, [calls * 3, 1_024 * 1_024, 256]));
  const failure = errorBody(new KronError("KRON_CONFLICT", "No", { hint: "Ask again", details: { at: 1 } }));
  for (let seq = 1; seq <= calls; seq += 1) {
    frames.push(
      chance.chance(0.8)
        ? frame(FRAME_KIND.response, [{ answer: seq }], { seq })
        : frame(FRAME_KIND.error, failure, { seq }),
    );
    const stream = { seq: seq + calls, stream: 1 };
    frames.push(frame(FRAME_KIND.items, [1, "two", [3]], stream));
    if (chance.chance(0.5)) frames.push(frame(FRAME_KIND.end, [], stream));
    const link = { seq: seq + 2 * calls, stream: 2 };
    frames.push(frame(FRAME_KIND.response, ["opened"], link));
    frames.push(frame(FRAME_KIND.messages, [["m", seq]], link));
    if (chance.chance(0.5)) frames.push(frame(FRAME_KIND.close, chance.chance(0.5) ? [] : failure, link));
  }
  return frames;
}
