/**
 * The supervisor's side of attempts that are executed in another process. It holds one link; when that is closed, all of
 * its attempts are lost at once. `remote-protocol.ts` says what is said.
 */

import { KronError } from "../core/errors.ts";
import { fromLoggedError, toLoggedError } from "../core/logged-error.ts";
import { encodeTarget, type TargetSpec } from "../core/target.ts";
import type {
  AttemptEnd,
  AttemptHandle,
  AttemptOrder,
  CancelWait,
  Clock,
  Link,
  OutputFile,
  TargetRunner,
} from "../ports.ts";
import type { LogLevel, OutputSink } from "./callback-context.ts";
import { PacedLink } from "./paced-link.ts";
import { startMessage } from "./remote-order.ts";
import {
  Answer,
  asEnding,
  asFields,
  asInstant,
  asLevel,
  asLoggedError,
  asNumber,
  asOptionalText,
  asText,
  asWhole,
  expectFields,
  Order,
  protocolError,
  remoteVersion,
  targetsMax,
} from "./remote-protocol.ts";

/** What a remote runner is given by its owner. */
export interface RemoteParts {
  readonly clock: Clock;
  readonly output: OutputSink;
  /** Where the output of an attempt goes; undefined: nowhere. */
  readonly outputOf: (order: AttemptOrder) => OutputFile | undefined;
  /** Attempts wait there for something to be executed by, and the other side tells when they begin. */
  readonly hasQueue?: boolean;
  /** The other side has said that it takes attempts. */
  readonly onReady?: (() => void) | undefined;
  /** The other side has said how much memory it has. */
  readonly onMemory?: ((bytes: number) => void) | undefined;
  /** The other side has something to say about itself. */
  readonly onLog?: ((level: LogLevel, message: string, fields: object) => void) | undefined;
  /** An attempt was to be ended by force and has not: the process itself has to be. Its end is then `process-killed`. */
  readonly onStuck?: (() => void) | undefined;
}

/** How long the other side has to end an attempt by force. */
const terminateMsMax = 2_000;

/** Who carries out what is asked of an attempt. */
interface AttemptOwner {
  abortAttempt(attempt: RemoteAttempt): void;
  terminateAttempt(attempt: RemoteAttempt): void;
  executingMsOf(attempt: RemoteAttempt): number | undefined;
}

/** An attempt under way at the other end. */
class RemoteAttempt implements AttemptHandle {
  readonly id: number;
  readonly order: AttemptOrder;
  readonly done: (end: AttemptEnd) => void;
  abortReason: Error | undefined;
  /** When it began to execute, on the monotonic clock, once that was told. */
  beganAtMs: number | undefined;
  /** Set when it is to be ended by force. */
  cancelTerminateWait: CancelWait | undefined;
  /** The process is killed for its sake. */
  isCulprit = false;
  readonly #owner: AttemptOwner;

  constructor(id: number, order: AttemptOrder, done: (end: AttemptEnd) => void, owner: AttemptOwner) {
    this.id = id;
    this.order = order;
    this.done = done;
    this.#owner = owner;
  }

  abort(reason: Error): void {
    if (this.abortReason !== undefined) return;
    this.abortReason = reason;
    this.#owner.abortAttempt(this);
  }

  terminate(): void {
    if (this.cancelTerminateWait === undefined) this.#owner.terminateAttempt(this);
  }

  executingMs(): number | undefined {
    return this.#owner.executingMsOf(this);
  }
}

/** Has attempts executed at the other end of a link. */
export class RemoteRunner implements TargetRunner, AttemptOwner {
  readonly #link: Link;
  readonly #sender: PacedLink;
  readonly #parts: RemoteParts;
  readonly #attempts = new Map<number, RemoteAttempt>();
  #targets = new Map<TargetSpec, number>();
  #lastId = 0;
  #idleListeners: (() => void)[] = [];
  #lossError: KronError | undefined;

  constructor(link: Link, parts: RemoteParts) {
    this.#link = link;
    this.#sender = new PacedLink(link, parts.clock);
    this.#parts = parts;
    link.onMessages((messages) => {
      for (const message of messages) this.#receive(message);
    });
    link.onClose((error) => this.lose(linkClosed(error)));
  }

  /** Attempts under way there. */
  get activeCount(): number {
    return this.#attempts.size;
  }

  /** Whether attempts can be started. */
  get isOpen(): boolean {
    return this.#lossError === undefined;
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    if (this.#lossError !== undefined) {
      done({ kind: "lost", error: this.#lossError });
      return { abort: () => undefined };
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const attempt = new RemoteAttempt(id, order, done, this);
    this.#attempts.set(id, attempt);
    const target = this.#numberOf(order.target);
    this.#sender.send(startMessage(id, target, order, this.#parts.outputOf(order)));
    return attempt;
  }

  /** Resolves when nothing is under way there. */
  whenIdle(): Promise<void> {
    if (this.#attempts.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.push(resolve));
  }

  /** The other side is gone, for this reason: ends its attempts as lost, now, and closes the link. */
  lose(error: KronError): void {
    if (this.#lossError !== undefined) return;
    this.#lossError = error;
    this.#link.close();
    const attempts = [...this.#attempts.values()];
    this.#attempts.clear();
    for (const { done, cancelTerminateWait, isCulprit, abortReason } of attempts) {
      cancelTerminateWait?.();
      if (isCulprit) done({ kind: "failed", error: abortReason ?? error, ending: "process-killed" });
      else done({ kind: "lost", error });
    }
    this.#checkIdle();
  }

  close(): Promise<void> {
    this.lose(new KronError("KRON_STOPPED", "The runtime was shut down before the attempt ended"));
    return Promise.resolve();
  }

  /** See `AttemptOwner`. */
  abortAttempt({ id, abortReason }: RemoteAttempt): void {
    if (this.#attempts.has(id)) this.#sender.send([Order.ABORT, id, toLoggedError(abortReason)]);
  }

  /** See `AttemptOwner`. */
  terminateAttempt(attempt: RemoteAttempt): void {
    if (!this.#attempts.has(attempt.id)) return;
    this.#sender.send([Order.TERMINATE, attempt.id]);
    const { clock, onStuck } = this.#parts;
    attempt.cancelTerminateWait = clock.wakeAfter(terminateMsMax, () => {
      attempt.isCulprit = onStuck !== undefined;
      onStuck?.();
    });
  }

  /** See `AttemptOwner`. */
  executingMsOf({ beganAtMs }: RemoteAttempt): number | undefined {
    if (this.#parts.hasQueue !== true) return Number.POSITIVE_INFINITY;
    return beganAtMs === undefined ? undefined : this.#parts.clock.monotonicMs() - beganAtMs;
  }

  /** The number of a target, which is told before it is first used. */
  #numberOf(target: TargetSpec): number {
    const known = this.#targets.get(target);
    if (known !== undefined) return known;
    // Numbers may be told anew, so when there are too many, all are.
    if (this.#targets.size >= targetsMax) this.#targets = new Map();
    const number = this.#targets.size;
    this.#targets.set(target, number);
    this.#sender.send([Order.TARGET, number, encodeTarget(target)]);
    return number;
  }

  #receive(message: readonly unknown[]): void {
    switch (message[0]) {
      case Answer.DONE:
        for (let at = 1; at < message.length; at++) {
          this.#end(asWhole(message[at], "an id"), { kind: "succeeded", result: undefined });
        }
        return;
      case Answer.RESULT:
        expectFields(message, 3, "a result");
        this.#end(asWhole(message[1], "an id"), { kind: "succeeded", result: message[2] });
        return;
      case Answer.NOTE: {
        expectFields(message, 3, "a note");
        const note = asText(message[2], "a note");
        this.#end(asWhole(message[1], "an id"), { kind: "succeeded", result: undefined, note });
        return;
      }
      case Answer.FAILED:
        this.#end(asWhole(message[1], "an id"), readBadEnd("failed", message));
        return;
      case Answer.LOST:
        this.#end(asWhole(message[1], "an id"), readBadEnd("lost", message));
        return;
      default:
        this.#receiveOther(message);
    }
  }

  #receiveOther(message: readonly unknown[]): void {
    const { output, onReady, onMemory, onLog } = this.#parts;
    switch (message[0]) {
      case Answer.LINE: {
        expectFields(message, 6, "a line");
        const attempt = this.#attempts.get(asWhole(message[1], "an id"));
        const [level, text, fields] = [asLevel(message[2]), asText(message[3], "a line"), asFields(message[4])];
        const atMs = asInstant(message[5], "an instant");
        if (attempt !== undefined) output.line(attempt.order, level, text, fields, atMs);
        return;
      }
      case Answer.PROGRESS: {
        expectFields(message, 5, "a progress");
        const attempt = this.#attempts.get(asWhole(message[1], "an id"));
        const [fraction, note] = [asNumber(message[2], "a fraction"), asOptionalText(message[3], "a note")];
        const atMs = asInstant(message[4], "an instant");
        if (attempt !== undefined) output.progress(attempt.order, fraction, note, atMs);
        return;
      }
      case Answer.BEGAN: {
        expectFields(message, 3, "a beginning");
        const attempt = this.#attempts.get(asWhole(message[1], "an id"));
        const atMs = asNumber(message[2], "a time");
        // A time to come would put the timeout off.
        if (attempt !== undefined) attempt.beganAtMs ??= Math.min(atMs, this.#parts.clock.monotonicMs());
        return;
      }
      case Answer.MEMORY:
        expectFields(message, 2, "a size");
        onMemory?.(asWhole(message[1], "a size"));
        return;
      case Answer.LOG: {
        expectFields(message, 4, "a line");
        const [level, text, fields] = [asLevel(message[1]), asText(message[2], "a line"), asFields(message[3])];
        onLog?.(level, text, fields ?? {});
        return;
      }
      case Answer.READY:
        expectFields(message, 2, "a greeting");
        if (message[1] !== remoteVersion)
          throw protocolError(`Expected version ${remoteVersion} of the protocol of runs`);
        onReady?.();
        return;
      default:
        throw protocolError("Expected an answer of a kind that is known");
    }
  }

  #end(id: number, end: AttemptEnd): void {
    const attempt = this.#attempts.get(id);
    if (attempt === undefined) return;
    this.#attempts.delete(id);
    attempt.cancelTerminateWait?.();
    attempt.done(end);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#attempts.size > 0 || this.#idleListeners.length === 0) return;
    for (const resolve of this.#idleListeners.splice(0)) resolve();
  }
}

function readBadEnd(kind: "failed" | "lost", message: readonly unknown[]): AttemptEnd {
  expectFields(message, 4, "an end");
  const error = fromLoggedError(asLoggedError(message[2]));
  const ending = asEnding(message[3]);
  return ending === undefined ? { kind, error } : { kind, error, ending };
}

function linkClosed(cause: KronError | undefined): KronError {
  return new KronError(
    "KRON_RUNNER_LOST",
    "The process that executed the attempt is gone: its connection was closed",
    cause === undefined ? {} : { cause },
  );
}
