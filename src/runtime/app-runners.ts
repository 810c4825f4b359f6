/**
 * Which application, of those that are attached, has a callback for which timer, and who of them executes a run: this
 * process itself where it has the callback, else the one with the least to do. A run goes to one of them.
 *
 * An application takes runs once it has said that it is ready, and takes no more of them once it drains.
 */

import type { KronError } from "../core/errors.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, Runner } from "../ports.ts";
import type { RemoteRunner } from "../runners/remote-runner.ts";

/** An attached application. */
export interface AttachedApp {
  readonly remote: RemoteRunner;
  /** The timers that it has callbacks for: slots, with the reference each had then. */
  readonly slots: Map<number, number>;
  isReady: boolean;
  isDraining: boolean;
  /** Called when it has nothing more under way. */
  readonly whenIdle: (() => void)[];
}

/** What it tells of and asks for. */
export interface AppRunnersOptions {
  /** The callbacks of this process, if it may have any. */
  readonly own: Runner | undefined;
  /** The reference of the timer that is in a slot now. */
  readonly referenceOf: (slot: number) => number;
  /** These slots can be executed now, or no longer; some of them may have been able to, or not, before. */
  readonly onGained: (slots: readonly number[]) => void;
  readonly onLost: (slots: readonly number[]) => void;
}

/** Runs callbacks wherever they are. */
export class AppRunners implements Runner {
  readonly #options: AppRunnersOptions;
  /** By slot. */
  readonly #apps = new Map<number, AttachedApp[]>();

  constructor(options: AppRunnersOptions) {
    this.#options = options;
  }

  /** The application has a callback for the timer in `slot`, of this reference; whoever calls tells the engine. */
  register(app: AttachedApp, slot: number): void {
    app.slots.set(slot, this.#options.referenceOf(slot));
    const apps = this.#apps.get(slot);
    if (apps === undefined) this.#apps.set(slot, [app]);
    else if (!apps.includes(app)) apps.push(app);
  }

  /** The application takes runs from now on. */
  ready(app: AttachedApp): void {
    if (app.isReady) return;
    app.isReady = true;
    this.#options.onGained([...app.slots.keys()].filter((slot) => this.canRun(slot)));
  }

  /** The application takes no more runs; resolves when it has ended those it has. */
  drain(app: AttachedApp): Promise<void> {
    if (!app.isDraining) {
      app.isDraining = true;
      this.#tellLost(app);
    }
    if (app.remote.activeCount === 0) return Promise.resolve();
    return new Promise((resolve) => app.whenIdle.push(resolve));
  }

  /** The application is gone, for this reason, and what it was given is lost. */
  remove(app: AttachedApp, error: KronError): void {
    const slots = [...app.slots.keys()];
    for (const slot of slots) {
      const apps = (this.#apps.get(slot) ?? []).filter((other) => other !== app);
      if (apps.length === 0) this.#apps.delete(slot);
      else this.#apps.set(slot, apps);
    }
    // Before its attempts are told as lost, so that none of them is given to it again.
    this.#tellLost(app);
    app.remote.lose(error);
    app.slots.clear();
    settleIdle(app);
  }

  canRun(slot: number): boolean {
    return this.#options.own?.canRun(slot) === true || this.#appFor(slot) !== undefined;
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { own } = this.#options;
    const app = own?.canRun(order.slot) === true ? undefined : this.#appFor(order.slot);
    if (app !== undefined) return startIn(app, order, done);
    if (own?.canRun(order.slot) === true) return own.start(order, done);
    // The one that had it went away while the start was on its way to the log.
    done({ kind: "lost", error: new Error("What was to execute the attempt was gone before it began") });
    return { abort: () => undefined };
  }

  /** The application with the least to do of those that can run the timer in `slot`. */
  #appFor(slot: number): AttachedApp | undefined {
    const apps = this.#apps.get(slot);
    if (apps === undefined) return undefined;
    const reference = this.#options.referenceOf(slot);
    let best: AttachedApp | undefined;
    for (const app of apps) {
      if (!app.isReady || app.isDraining || !app.remote.isOpen || app.slots.get(slot) !== reference) continue;
      if (best === undefined || app.remote.activeCount < best.remote.activeCount) best = app;
    }
    return best;
  }

  #tellLost(app: AttachedApp): void {
    this.#options.onLost([...app.slots.keys()].filter((slot) => !this.canRun(slot)));
  }
}

function startIn(app: AttachedApp, order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
  return app.remote.start(order, (end) => {
    done(end);
    settleIdle(app);
  });
}

function settleIdle({ remote, whenIdle }: AttachedApp): void {
  if (remote.activeCount === 0) for (const resolve of whenIdle.splice(0)) resolve();
}
