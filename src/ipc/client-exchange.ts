/**
 * What a client waits for: a call, a stream or a link under way. Each takes the frames of its request and says
 * whether that was the last one.
 */

import { KronError } from "../core/errors.ts";
import { CHANNEL, type Channel } from "./protocol.ts";
import type { SessionLink } from "./session-link.ts";

/** A request and what becomes of it. */
export interface Exchange {
  readonly channel: Channel;
  readonly method: string;
  readonly params: unknown;
  /** Of a stream: its first credit. */
  readonly window: number;
  /** Milliseconds for the server to answer; 0 for ever. */
  readonly deadlineMs: number;
  /** The same by the session's clock. */
  deadlineAtMs: number;
  /** Its number, 0 while it waits to be sent. */
  seq: number;
  /** The answer; true when nothing follows it. */
  answered(value: unknown): boolean;
  /** It has failed, and nothing follows. */
  failed(error: KronError): void;
}

/** A call: one answer. */
export interface CallExchange extends Exchange {
  readonly channel: typeof CHANNEL.call;
}

/** A stream: items, then an end. */
export interface StreamExchange extends Exchange {
  readonly channel: typeof CHANNEL.stream;
  /** Throws `KRON_IPC_PROTOCOL` when there are more items than credit. */
  items(items: readonly unknown[]): void;
  ended(): void;
}

/** A link: an answer, then messages. */
export interface LinkExchange extends Exchange {
  readonly channel: typeof CHANNEL.link;
  /** There from the moment it is sent. */
  link: SessionLink | undefined;
}

/** Everything that a client may wait for. */
export type AnyExchange = CallExchange | StreamExchange | LinkExchange;

/** Stands for a request that was given up: takes its frames until the last, and tells nobody. */
export function abandonedExchange(channel: Channel, seq: number): AnyExchange {
  const base = {
    method: "",
    params: undefined,
    window: 0,
    deadlineMs: 0,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    seq,
    failed: () => undefined,
  };
  switch (channel) {
    case CHANNEL.call:
      return { ...base, channel, answered: () => true };
    case CHANNEL.stream:
      return { ...base, channel, answered: () => true, items: () => undefined, ended: () => undefined };
    default:
      return { ...base, channel, answered: () => false, link: undefined };
  }
}

/** Why a call was taken back, from the signal that did. */
export function cancelledBy(signal: AbortSignal): KronError {
  const { reason } = signal as { reason: unknown };
  if (reason instanceof KronError) return reason;
  return new KronError("KRON_CANCELLED", "The caller took the request back", { cause: reason });
}
