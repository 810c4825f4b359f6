/** An order as it travels to the process that carries it out. */

import { idempotencyKeyOf } from "../core/idempotency-key.ts";
import type { TargetSpec } from "../core/target.ts";
import type { AttemptOrder, OutputFile } from "../ports.ts";
import { asFlag, asInstant, asOptionalText, asText, asWhole, expectFields, Order } from "./remote-protocol.ts";

/** An order of a supervisor, on the side that carries it out. */
export class RemoteOrder implements AttemptOrder {
  /** Its number on the link. */
  readonly id: number;
  readonly slot: number;
  readonly timerId: string;
  readonly target: TargetSpec;
  readonly runId: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly isManual: boolean;
  readonly scheduledAtMs: number;
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly missedCount: number;
  readonly fencingToken: number;
  readonly timeoutMs: number;
  readonly payload: unknown;
  /** Where its output goes, if that is a file. */
  readonly output: OutputFile | undefined;

  /** Reads `[START, id, number, …]`. Throws `KRON_IPC_PROTOCOL`. */
  constructor(message: readonly unknown[], targetOf: (number: number) => TargetSpec) {
    expectFields(message, 18, "a start");
    this.id = asWhole(message[1], "an id");
    this.target = targetOf(asWhole(message[2], "a target"));
    this.slot = asWhole(message[3], "a slot");
    this.timerId = asText(message[4], "a timer id");
    this.runId = asText(message[5], "a run id");
    this.attempt = asWhole(message[6], "an attempt");
    this.maxAttempts = asWhole(message[7], "a number of attempts");
    this.isManual = asFlag(message[8], "isManual");
    this.scheduledAtMs = asInstant(message[9], "a due time");
    this.dueAtMs = asInstant(message[10], "a due time");
    this.startedAtMs = asInstant(message[11], "a start");
    this.missedCount = asWhole(message[12], "a count");
    this.fencingToken = asWhole(message[13], "a fencing token");
    const path = asOptionalText(message[14], "a path");
    this.output = path === undefined ? undefined : { path, bytesMax: asWhole(message[15], "a size") };
    this.timeoutMs = asWhole(message[16], "a timeout");
    this.payload = message[17] ?? undefined;
  }

  get idempotencyKey(): string {
    return idempotencyKeyOf(this);
  }
}

/** The message that starts an attempt; its target was told as `target`. */
export function startMessage(id: number, target: number, order: AttemptOrder, file: OutputFile | undefined): unknown[] {
  const message: unknown[] = [
    Order.START,
    id,
    target,
    order.slot,
    order.timerId,
    order.runId,
    order.attempt,
    order.maxAttempts,
  ];
  message.push(order.isManual, order.scheduledAtMs, order.dueAtMs, order.startedAtMs, order.missedCount);
  message.push(order.fencingToken, file?.path ?? null, file?.bytesMax ?? 0, order.timeoutMs, order.payload ?? null);
  return message;
}
