/**
 * Tells systemd how the service is: ready, reloading, stopping, alive. Where nobody listens all of it does nothing.
 *
 * The variables are taken out of the environment, so that no job can speak for the service.
 */

import { constants } from "node:os";
import { isKronError } from "../core/errors.ts";
import type { CancelWait, Clock, Logger } from "../ports.ts";
import { machineMonotonicUs } from "../system.ts";
import type { NotifySocket, OpenNotifySocket } from "./notify-socket.ts";

/** What a notifier works with. */
export interface NotifierParts {
  /** Changed: what systemd put there is taken out. */
  readonly environment: Record<string, string | undefined>;
  readonly pid: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly open: OpenNotifySocket;
}

const retryMs = 100;
const triesMax = 50;
const waitingMax = 16;
const { EAGAIN: wouldBlock, ENOBUFS: noBuffers } = constants.errno;

/** Speaks to systemd, or to nobody. */
export class ServiceNotifier {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #socket: NotifySocket | undefined;
  readonly #watchdogMs: number;
  /** Messages that wait because systemd is behind. */
  readonly #waiting: string[] = [];
  #tries = 0;
  #cancelRetry: CancelWait | undefined;
  #cancelWatchdog: CancelWait | undefined;
  #status = "";

  constructor({ environment, pid, clock, logger, open }: NotifierParts) {
    this.#clock = clock;
    this.#logger = logger;
    const { NOTIFY_SOCKET: address, WATCHDOG_USEC: watchdogUs, WATCHDOG_PID: watchdogPid } = environment;
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
    this.#socket = address === undefined || address === "" ? undefined : this.#opened(open, address);
    const isOurs = watchdogPid === undefined || watchdogPid === String(pid);
    const us = /^[1-9]\d{0,15}$/.test(watchdogUs ?? "") && isOurs ? Number(watchdogUs) : 0;
    // Half of the time, as sd_watchdog_enabled(3) advises.
    this.#watchdogMs = this.#socket === undefined ? 0 : Math.min(2 ** 31 - 1, Math.floor(us / 2_000));
  }

  /** Whether somebody listens. */
  get isOn(): boolean {
    return this.#socket !== undefined;
  }

  /** The service runs, for the first time or after a reload. */
  ready(status: string): void {
    this.#status = status;
    this.#send(`READY=1\nSTATUS=${oneLine(status)}`);
  }

  /** A reload begins; `ready` ends it. */
  reloading(): void {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${machineMonotonicUs()}`);
  }

  stopping(status: string): void {
    this.#status = status;
    this.#send(`STOPPING=1\nSTATUS=${oneLine(status)}`);
  }

  /** What the service is doing, in words; sent when it is not what was sent last. */
  status(status: string): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#send(`STATUS=${oneLine(status)}`);
  }

  /** Gives signs of life for as long as `isAlive` says so, where systemd asks for them. */
  watch(isAlive: () => boolean): void {
    if (this.#watchdogMs < 1 || this.#cancelWatchdog !== undefined) return;
    const tick = (): void => {
      if (isAlive()) this.#send("WATCHDOG=1");
      this.#cancelWatchdog = this.#clock.wakeAfter(this.#watchdogMs, tick, false);
    };
    tick();
  }

  close(): void {
    this.#cancelWatchdog?.();
    this.#cancelRetry?.();
    this.#waiting.length = 0;
    this.#socket?.close();
  }

  #opened(open: OpenNotifySocket, address: string): NotifySocket | undefined {
    try {
      return open(address);
    } catch (error) {
      if (!isKronError(error)) throw error;
      this.#logger.warn({ err: error }, "systemd cannot be told how the service is");
      return undefined;
    }
  }

  #send(text: string): void {
    if (this.#socket === undefined) return;
    if (this.#waiting.length >= waitingMax) this.#waiting.shift();
    this.#waiting.push(text);
    if (this.#cancelRetry === undefined) this.#flush();
  }

  #flush(): void {
    this.#cancelRetry = undefined;
    for (let text = this.#waiting[0]; text !== undefined; text = this.#waiting[0]) {
      const errno = this.#socket?.send(text) ?? 0;
      const isBusy = errno === wouldBlock || errno === noBuffers;
      if (isBusy && this.#tries < triesMax) {
        this.#tries += 1;
        this.#cancelRetry = this.#clock.wakeAfter(retryMs, () => this.#flush(), false);
        return;
      }
      if (errno !== 0) this.#logger.warn({ errno, text }, "systemd did not take a message");
      this.#tries = 0;
      this.#waiting.shift();
    }
  }
}

/** A line feed would begin another assignment. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
