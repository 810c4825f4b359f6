/**
 * The side of a link that carries out attempts: a host of modules, or an app with callbacks. What it executes with is given
 * to it; when the link is closed it stops everything, first by asking, then by force.
 */

import { KronError } from "../core/errors.ts";
import { fromLoggedError, toLoggedError } from "../core/logged-error.ts";
import { decodeTarget, type TargetSpec } from "../core/target.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, Clock, Link, Logger, OutputFile, ToDate } from "../ports.ts";
import type { ContextOrder, LogLevel, OutputSink } from "./callback-context.ts";
import { PacedLink } from "./paced-link.ts";
import { plainFields, plainText, portableResult } from "./portable.ts";
import { Beginnings } from "./remote-beginnings.ts";
import { RemoteOrder } from "./remote-order.ts";
import {
  Answer,
  asLoggedError,
  asWhole,
  expectFields,
  Order,
  protocolError,
  remoteVersion,
  targetsMax,
} from "./remote-protocol.ts";

/** What carries out attempts: a pool of modules, or callbacks by timer id. */
export interface Executor {
  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle;
}

/** What a host is given by its owner. */
export interface RemoteHostParts {
  readonly clock: Clock;
  /** How long attempts have to stop by themselves when the link is closed. */
  readonly graceMs: number;
  /** The link is closed, and the attempts have ended or had their grace: the rest is to be ended by force. */
  readonly onOver: (error: KronError | undefined) => void;
}

/** Lines are dropped while more than so many bytes wait for the socket. */
const linesQueuedBytesMax = 8 * 1024 * 1024;
const doneMax = 1_000;

/** Lines and progress of attempts, for the other end of the link they came by. */
export class RemoteOutput implements OutputSink {
  readonly toDate: ToDate;
  #link: Link | undefined;
  #droppedCount = 0;

  constructor(toDate: ToDate) {
    this.toDate = toDate;
  }

  /** From now on goes to `link`; before that, nowhere. */
  connect(link: Link): void {
    this.#link = link;
  }

  line(order: ContextOrder, level: LogLevel, message: string, fields: object | undefined, atMs: number): void {
    if (this.#link === undefined || !(order instanceof RemoteOrder) || this.#isCrowded(this.#link)) return;
    if (this.#droppedCount > 0) {
      const text = `${this.#droppedCount} lines were dropped, as they came too fast`;
      this.#droppedCount = 0;
      this.#link.send([Answer.LINE, order.id, "warn", text, null, atMs]);
    }
    const more = fields === undefined ? null : plainFields(fields);
    this.#link.send([Answer.LINE, order.id, level, plainText(String(message)), more, atMs]);
  }

  progress(order: ContextOrder, fraction: number, note: string | undefined, atMs: number): void {
    if (this.#link === undefined || !(order instanceof RemoteOrder) || this.#isCrowded(this.#link)) return;
    const text = note === undefined ? null : plainText(String(note));
    this.#link.send([Answer.PROGRESS, order.id, fraction, text, atMs]);
  }

  /** A logger whose lines the supervisor writes to its own. */
  logger(): Logger {
    const log = (level: LogLevel) => (fields: object, message: string) => {
      if (this.#link === undefined || this.#isCrowded(this.#link)) return;
      this.#link.send([Answer.LOG, level, plainText(message), plainFields(fields)]);
    };
    return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  }

  #isCrowded(link: Link): boolean {
    if (link.queuedBytes <= linesQueuedBytesMax) return false;
    this.#droppedCount += 1;
    return true;
  }
}

/** Carries out what comes over a link. */
export class RemoteHost {
  readonly #sender: PacedLink;
  readonly #executor: Executor;
  readonly #parts: RemoteHostParts;
  readonly #handles = new Map<number, AttemptHandle | undefined>();
  readonly #targets = new Map<number, TargetSpec>();
  readonly #beginnings: Beginnings;
  #done: number[] = [];
  #isOver = false;
  #finish: (() => void) | undefined;

  constructor(link: Link, executor: Executor, parts: RemoteHostParts) {
    this.#sender = new PacedLink(link, parts.clock);
    this.#executor = executor;
    this.#parts = parts;
    this.#beginnings = new Beginnings(parts.clock, (id, atMs) => this.#sender.send([Answer.BEGAN, id, atMs]));
    link.onMessages((messages) => {
      for (const message of messages) this.#receive(message);
    });
    link.onClose((error) => this.#closed(error));
  }

  /** Attempts under way. */
  get activeCount(): number {
    return this.#handles.size;
  }

  /** Says that attempts may come. */
  ready(): void {
    this.#sender.send([Answer.READY, remoteVersion]);
  }

  /** Says how much memory this process has. */
  tellMemory(bytes: number): void {
    this.#sender.send([Answer.MEMORY, bytes]);
  }

  /** Stops everything as if the link were closed. */
  stop(): void {
    this.#closed(undefined);
  }

  #receive(message: readonly unknown[]): void {
    switch (message[0]) {
      case Order.START:
        this.#start(new RemoteOrder(message, (number) => this.#target(number)));
        return;
      case Order.TARGET: {
        expectFields(message, 3, "a target");
        const number = asWhole(message[1], "a number");
        if (number >= targetsMax) throw protocolError(`Expected at most ${targetsMax} targets`);
        this.#targets.set(number, readTarget(message[2]));
        return;
      }
      case Order.ABORT: {
        expectFields(message, 3, "an abort");
        const reason = fromLoggedError(asLoggedError(message[2]));
        this.#handles.get(asWhole(message[1], "an id"))?.abort(reason);
        return;
      }
      case Order.TERMINATE:
        expectFields(message, 2, "a termination");
        this.#handles.get(asWhole(message[1], "an id"))?.terminate?.();
        return;
      default:
        throw protocolError("Expected an order of a kind that is known");
    }
  }

  #target(number: number): TargetSpec {
    const target = this.#targets.get(number);
    if (target === undefined) throw protocolError(`Expected a target that was told, got number ${number}`);
    return target;
  }

  #start(order: RemoteOrder): void {
    const { id } = order;
    if (this.#handles.has(id)) throw protocolError(`Expected a new id, ${id} is under way`);
    // There before it is started, as its end may come from within.
    this.#handles.set(id, undefined);
    const handle = this.#executor.start(order, (end) => this.#ended(id, end));
    if (!this.#handles.has(id)) return;
    this.#handles.set(id, handle);
    if (order.timeoutMs > 0) this.#beginnings.watch(id, handle, order.timeoutMs);
  }

  #ended(id: number, end: AttemptEnd): void {
    this.#handles.delete(id);
    this.#beginnings.forget(id);
    if (this.#handles.size === 0) this.#finish?.();
    if (end.kind === "succeeded") this.#succeeded(id, end.result, end.note);
    else {
      const kind = end.kind === "failed" ? Answer.FAILED : Answer.LOST;
      this.#sender.send([kind, id, toLoggedError(end.error), end.ending ?? null]);
    }
  }

  #succeeded(id: number, result: unknown, noteOfRunner: string | undefined): void {
    const told = noteOfRunner === undefined ? portableResult(result) : { note: noteOfRunner };
    if (told === undefined) this.#doneSoon(id);
    else if ("note" in told) this.#sender.send([Answer.NOTE, id, told.note]);
    else this.#sender.send([Answer.RESULT, id, told.value]);
  }

  /** Ends with nothing to tell share a message, which leaves when those at hand are dealt with. */
  #doneSoon(id: number): void {
    this.#done.push(id);
    if (this.#done.length === 1) queueMicrotask(() => this.#tellDone());
    if (this.#done.length >= doneMax) this.#tellDone();
  }

  #tellDone(): void {
    if (this.#done.length === 0) return;
    this.#sender.send([Answer.DONE, ...this.#done]);
    this.#done = [];
  }

  #closed(error: KronError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#beginnings.close();
    const { clock, graceMs, onOver } = this.#parts;
    if (this.#handles.size === 0) {
      onOver(error);
      return;
    }
    const cancelWait = clock.wakeAfter(graceMs, () => this.#finish?.());
    this.#finish = () => {
      this.#finish = undefined;
      cancelWait();
      onOver(error);
    };
    const reason = new KronError("KRON_STOPPED", "The supervisor that ordered the attempt is gone");
    for (const handle of [...this.#handles.values()]) handle?.abort(reason);
  }
}

/** Where the output of an order of a supervisor goes. */
export function outputOfRemote(order: AttemptOrder): OutputFile | undefined {
  return order instanceof RemoteOrder ? order.output : undefined;
}

function readTarget(value: unknown): TargetSpec {
  try {
    return decodeTarget(value, true);
  } catch {
    // It says that a journal is damaged, which it is not.
    throw protocolError("Expected a target");
  }
}
