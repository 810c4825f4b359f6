/**
 * What applications ask of the runtime that they are attached to, besides what every client may: to have their
 * callbacks run. An application opens one link, registers its timers, says that it is ready, and is given runs.
 *
 * | method         | parameters                     | does                                                             |
 * | -------------- | ------------------------------ | ---------------------------------------------------------------- |
 * | `app.attach`   | `{ key, instance }`, or null   | opens the link of attempts (see `remote-protocol.ts`)             |
 * | `app.schedule` | a registration, as a tuple     | schedules a timer whose callback this application has             |
 * | `app.register` | `{ ids }`                      | takes timers that are on record as those it has callbacks for     |
 * | `app.ready`    | null                           | gives it runs from now on                                         |
 * | `app.drain`    | null                           | gives it no more runs                                             |
 */

import { KronError } from "../core/errors.ts";
import { Status } from "../core/outcome.ts";
import type { IpcCall, IpcMethod, IpcPeer } from "../ipc/methods.ts";
import type { Clock, Link, Logger } from "../ports.ts";
import type { OutputSink } from "../runners/callback-context.ts";
import { RemoteRunner } from "../runners/remote-runner.ts";
import type { Commands, ScheduleResult } from "../supervisor/commands.ts";
import type { Engine } from "../supervisor/engine.ts";
import { type AppRequest, readAttach, readIds, readRegistration } from "./app-requests.ts";
import type { AppRunners, AttachedApp } from "./app-runners.ts";

/** What the service needs. */
export interface AppServiceOptions {
  readonly engine: Engine;
  readonly commands: Commands;
  readonly runners: AppRunners;
  readonly clock: Clock;
  readonly output: OutputSink;
  readonly logger: Logger;
  /** An application that we started says that it is ready; `key` is what it was given. */
  readonly onReady?: (key: string) => void;
  /** One that we started does not react any more; others are just let go of. */
  readonly onBlocked?: (key: string) => void;
}

interface Connection extends AttachedApp {
  readonly peer: IpcPeer;
  readonly request: AppRequest;
  readonly sinceMs: number;
}

/** An application that is attached, as plain data. */
export interface AppView {
  readonly pid: number | null;
  readonly instance: number | null;
  readonly state: "starting" | "ready" | "draining";
  readonly callbacks: number;
  readonly running: number;
  readonly attachedAtMs: number;
}

/** The applications that are attached. */
export class AppService {
  readonly #options: AppServiceOptions;
  readonly #connections = new Map<number, Connection>();

  constructor(options: AppServiceOptions) {
    this.#options = options;
  }

  /** The methods, by name. */
  methods(): [name: string, method: IpcMethod][] {
    const unary = (name: string, call: (params: unknown, connection: Connection) => unknown): [string, IpcMethod] => {
      return [name, { kind: "unary", call: (params, { peer }: IpcCall) => call(params, this.#of(peer)) }];
    };
    return [
      ["app.attach", { kind: "link", open: (params, link, peer) => this.#attach(readAttach(params), link, peer) }],
      unary("app.schedule", (params, connection) => this.#schedule(params, connection)),
      unary("app.register", (params, connection) => this.#register(readIds(params), connection)),
      unary("app.ready", (_params, connection) => {
        this.#options.runners.ready(connection);
        const { key } = connection.request;
        if (key !== undefined) this.#options.onReady?.(key);
        return null;
      }),
      unary("app.drain", (_params, connection) => {
        // Who waits for its attempts to end is the application itself.
        void this.#options.runners.drain(connection);
        return null;
      }),
    ];
  }

  /** The applications, as plain data. */
  apps(): AppView[] {
    return [...this.#connections.values()].map(({ peer, request, remote, slots, isReady, isDraining, sinceMs }) => ({
      pid: peer.pid ?? null,
      instance: request.instance ?? null,
      state: isDraining ? "draining" : isReady ? "ready" : "starting",
      callbacks: slots.size,
      running: remote.activeCount,
      attachedAtMs: sinceMs,
    }));
  }

  /** Gives the processes of this key no more runs; resolves when they have ended those they have. */
  async drain(key: string): Promise<void> {
    const connections = this.#withKey(key);
    await Promise.all(connections.map((connection) => this.#options.runners.drain(connection)));
  }

  /** The process of this key is gone: what it was given is lost, whatever its connection says. */
  gone(key: string): void {
    for (const connection of this.#withKey(key)) {
      this.#detach(connection);
      connection.peer.close();
    }
  }

  #withKey(key: string): Connection[] {
    return [...this.#connections.values()].filter(({ request }) => request.key === key);
  }

  #of(peer: IpcPeer): Connection {
    const connection = this.#connections.get(peer.id);
    if (connection !== undefined) return connection;
    throw new KronError("KRON_IPC_PROTOCOL", "Expected app.attach before any other request about callbacks");
  }

  #attach(request: AppRequest, link: Link, peer: IpcPeer): object {
    if (this.#connections.has(peer.id)) {
      throw new KronError("KRON_IPC_PROTOCOL", "Expected one app.attach of a connection, got another");
    }
    const { clock, output, engine } = this.#options;
    const remote = new RemoteRunner(link, {
      ...{ clock, output, outputOf: () => undefined },
      onStuck: () => this.#blocked(connection),
    });
    const connection: Connection = {
      ...{ peer, request, remote, sinceMs: engine.clock.nowMs() },
      ...{ slots: new Map(), isReady: false, isDraining: false, whenIdle: [] },
    };
    this.#connections.set(peer.id, connection);
    link.onClose(() => this.#detach(connection));
    return {};
  }

  #detach(connection: Connection): void {
    if (!this.#connections.delete(connection.peer.id)) return;
    const { pid } = connection.peer;
    const what = pid === undefined ? "The app" : `The app (pid ${pid})`;
    this.#options.runners.remove(
      connection,
      new KronError("KRON_RUNNER_LOST", `${what} was gone before the attempt ended`),
    );
  }

  /** It is stuck in a callback that was to end; nothing it was given will come to an end by itself. */
  #blocked(connection: Connection): void {
    const { logger, onBlocked } = this.#options;
    const { peer, request } = connection;
    logger.error({ pid: peer.pid, instance: request.instance }, "An app does not react; its runs are taken for lost");
    this.#detach(connection);
    peer.close(new KronError("KRON_RUNNER_LOST", "This process did not react to the runtime, which let go of it"));
    if (request.key !== undefined) onBlocked?.(request.key);
  }

  #schedule(params: unknown, connection: Connection): Promise<ScheduleResult> {
    const { engine, commands, runners } = this.#options;
    const registration = readRegistration(params);
    const { id, definition } = registration;
    // Compiled here once, so that what cannot be is refused before it is in the log.
    if (definition.schedule.kind === "cron") engine.recurrences.compile(id, definition.schedule);
    return commands.schedule(registration, (slot) => {
      if (definition.target.kind === "callback") runners.register(connection, slot);
    });
  }

  /** Returns the ids that are not known any more. */
  #register(ids: readonly string[], connection: Connection): object {
    const { engine, runners } = this.#options;
    const { timers } = engine.data;
    const unknown: string[] = [];
    for (const id of ids) {
      const slot = timers.slotOf(id);
      if (slot === undefined || timers.status.get(slot) === Status.CANCELLED) unknown.push(id);
      else runners.register(connection, slot);
      if (slot !== undefined && runners.canRun(slot)) engine.noteCallback(slot);
    }
    return { unknown };
  }
}
