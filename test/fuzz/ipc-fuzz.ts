/**
 * One round of the fuzzer: a valid transcript, spoilt, goes into a session in pieces of any size while time passes, and
 * the session must not throw, end with anything but a `KronError`, hold more than its limits allow, or send anything
 * but good frames. Afterwards another session has to work as ever.
 */

import { isKronError, KronError } from "../../src/core/errors.ts";
import type { LinkExchange } from "../../src/ipc/client-exchange.ts";
import type { ClientSession } from "../../src/ipc/client-session.ts";
import { ClientStream } from "../../src/ipc/client-stream.ts";
import { defaultLimits } from "../../src/ipc/limits.ts";
import type { IpcMethod } from "../../src/ipc/server.ts";
import type { Session } from "../../src/ipc/session.ts";
import { FRAME_KIND } from "../../src/journal/frame.ts";
import { frame, framesIn, type HandClock, newClient, newServer, openServer, sent } from "../ipc/session-rig.ts";
import type { Seeded } from "../support/seeded.ts";
import { mutate } from "./mutate.ts";
import { clientTranscript, serverTranscript } from "./transcripts.ts";

/** What may be in memory at a time, in this round's sessions. */
const limits = {
  ...defaultLimits,
  inFlightMax: 16,
  queuedBytesSoft: 4_096,
  queuedBytesMax: 65_536,
  keptBytesMax: 4_096,
};
/** A session may be over its limit by the one answer or batch that took it there. */
const slackBytes = 8_192;
/** Far above what any piece takes; only what runs away reaches it. */
const pieceMsMax = 2_000;
const callsOfClient = 4;
const foreseen = new Set(["oops", "The answer of a method could not be carried"]);

const never = new Promise<never>(() => undefined);
const methods: Readonly<Record<string, IpcMethod>> = {
  echo: { kind: "unary", call: (params) => params },
  later: { kind: "unary", call: async (params) => params },
  never: { kind: "unary", call: () => never },
  fail: {
    kind: "unary",
    call() {
      throw new KronError("KRON_CONFLICT", "No", { details: { a: 1 } });
    },
  },
  crash: { kind: "unary", call: () => Promise.reject(new TypeError("oops")) },
  ticks: {
    kind: "stream",
    open(params, stream) {
      const more = (): void => {
        for (let count = 0; count < 50 && stream.push(params); count += 1);
      };
      stream.onCredit(more);
      more();
    },
  },
  mute: { kind: "stream", open: (_params, stream) => stream.ready().then(() => stream.end()) },
  talk: {
    kind: "link",
    open(params, link) {
      link.onMessages((messages) => {
        for (const message of messages) link.send(message);
      });
      return params;
    },
  },
  refuse: { kind: "link", open: () => Promise.reject(new KronError("KRON_CONFLICT", "No")) },
};

/** Thrown with all that is needed to see what went wrong. */
export class FuzzFailure extends Error {}

/** Plays one round; returns how the session ended, for the statistics. Throws a `FuzzFailure`. */
export async function fuzzRound(chance: Seeded): Promise<string> {
  const isServer = chance.chance(0.6);
  const frames = isServer ? clientTranscript(chance) : serverTranscript(callsOfClient, chance);
  const done = mutate(frames, isServer ? 2 : 3, chance);
  const reports: unknown[] = [];
  const rig = isServer ? newServer({ methods, limits, reports }) : startedClient();
  try {
    await play(rig.session, rig.time, Buffer.concat(frames), chance);
    for (const report of reports) {
      if (!(report instanceof Error) || !(foreseen.has(report.message) || isKronError(report))) throw report;
    }
    await checkHealthy();
  } catch (error) {
    throw new FuzzFailure(`${isServer ? "server" : "client"} after ${done.join(", ")}: ${(error as Error).stack}`);
  }
  const how = rig.session.endError?.code ?? (rig.session.isEnded ? "closed" : "goes on");
  return `${isServer ? "server" : "client"}: ${how}`;
}

async function play(session: Session, time: HandClock, bytes: Uint8Array, chance: Seeded): Promise<void> {
  const sizeMax = chance.pick([1, 7, 60, 400, 5_000, 1_000_000]);
  for (let at = 0; at < bytes.length; ) {
    const size = chance.int(1, sizeMax);
    const startMs = performance.now();
    session.feed(bytes.subarray(at, at + size));
    const tookMs = performance.now() - startMs;
    if (tookMs > pieceMsMax) throw new Error(`${size} bytes took ${tookMs} ms`);
    at += size;
    check(session, sizeMax);
    if (chance.chance(0.3)) await settle(session, chance);
    if (chance.chance(0.02)) {
      time.nowMs += chance.pick([1, 1, 500, 500, 3_000, 40_000]);
      session.tick();
    }
    // A connection reads no more once it is to; neither does this.
    for (let turn = 0; turn < 1_000 && !session.isEnded && !session.wantsInput; turn += 1)
      await settle(session, chance, 1);
  }
  if (chance.chance(0.5)) session.lost();
  await settle(session, chance, 1);
  check(session, sizeMax);
}

/** Lets promises settle, and the socket take what there is. */
async function settle(session: Session, chance: Seeded, probability = 0.7): Promise<void> {
  await Promise.resolve();
  if (!chance.chance(probability)) return;
  const bytes = session.takeOutput();
  // Throws for a frame that is not good.
  if (bytes !== undefined) framesIn(bytes);
  session.sent();
  session.resume();
}

function check(session: Session, pieceBytes: number): void {
  const { endError, queuedBytes, unreadBytes } = session;
  if (endError !== undefined && !isKronError(endError)) throw new Error(`Ended with ${String(endError)}`);
  if (endError?.code === "KRON_INTERNAL" && endError.message !== "oops") throw endError;
  if (queuedBytes > limits.queuedBytesMax + slackBytes) throw new Error(`${queuedBytes} bytes queued`);
  if (unreadBytes > 16 * 1024 * 1024 + pieceBytes) throw new Error(`${unreadBytes} bytes unread`);
  const { inFlight } = session as Session & { readonly inFlight?: number };
  if (inFlight !== undefined && inFlight > limits.inFlightMax) throw new Error(`${inFlight} requests in flight`);
}

/** A client that waits for calls, streams and links from the start. */
function startedClient(): { session: ClientSession; time: HandClock } {
  const rig = newClient({ limits });
  const { requests } = rig.session;
  const base = { params: null, window: 0, deadlineMs: 5_000, deadlineAtMs: 6_000, failed: () => undefined };
  const calls = Array.from({ length: callsOfClient });
  for (const _ of calls) requests.begin({ ...base, channel: 0, method: "c", seq: 0, answered: () => true });
  for (const _ of calls) {
    const stream = new ClientStream(requests, { method: "s", params: null, window: 8 }, () => undefined);
    requests.begin(stream);
    const read = (): void =>
      void stream.next().then(
        ({ done }) => done || read(),
        () => undefined,
      );
    read();
  }
  for (const _ of calls) {
    const exchange: LinkExchange = {
      ...base,
      channel: 2,
      method: "l",
      seq: 0,
      link: undefined,
      answered: () => {
        exchange.link?.onMessages((messages) => exchange.link?.send(messages[0] ?? []));
        return false;
      },
    };
    requests.begin(exchange);
  }
  return rig;
}

const healthy = openServer({ methods });
let healthySeq = 0;

/** The other session answers as if nothing had happened. */
async function checkHealthy(): Promise<void> {
  healthySeq += 1;
  healthy.session.feed(frame(FRAME_KIND.request, ["later", 0, healthySeq], { seq: healthySeq }));
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  const [answer] = sent(healthy.session);
  if (answer?.kind !== FRAME_KIND.response || answer.body[0] !== healthySeq)
    throw new Error("The other session is ill");
}
