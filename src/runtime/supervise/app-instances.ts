/** The instances of an app as one: started together, renewed one after another, over when the last of them is. */

import type { Clock } from "../../ports.ts";
import type { ChildReport, ChildState } from "../../supervisor/child.ts";
import { ChildDriver, type ChildProcesses } from "../../supervisor/child-driver.ts";
import type { ChildPolicy } from "../../supervisor/child-policy.ts";

/** What instances are made of. */
export interface AppInstancesOptions {
  /** Starts the processes of each. */
  readonly processes: readonly ChildProcesses[];
  readonly policy: ChildPolicy;
  readonly clock: Clock;
  readonly report: (instance: number, report: ChildReport, pid: number | undefined) => void;
  /**
   * Whether some instance is still to be waited for, as none can take runs and one will: told when it changes, and
   * in the turn in which it does.
   */
  readonly awaited: (isAwaited: boolean) => void;
}

/** An instance at a glance. */
export interface InstanceView {
  readonly instance: number;
  readonly state: ChildState["kind"];
  readonly pid: number | undefined;
  readonly restarts: number;
}

/** All instances of an app. */
export class AppInstances {
  readonly #options: AppInstancesOptions;
  readonly #drivers: readonly ChildDriver[];
  #isAwaited = false;
  #isStopping = false;
  #hasFailed = false;
  /** The renewal under way, and one to come for all who ask meanwhile. */
  #renewing: Promise<void> | undefined;
  #renewingNext: Promise<void> | undefined;

  constructor(options: AppInstancesOptions) {
    this.#options = options;
    this.#drivers = options.processes.map(
      (processes, instance) =>
        new ChildDriver({
          ...{ processes, policy: options.policy, clock: options.clock },
          report: (report, pid) => this.#reported(instance, report, pid),
        }),
    );
  }

  /** Whether an instance was given up, now or at any time before. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  views(): InstanceView[] {
    return this.#drivers.map(({ state, current, restartCount }, instance) => ({
      ...{ instance, state, pid: current?.pid, restarts: restartCount },
    }));
  }

  start(): void {
    for (const driver of this.#drivers) driver.start();
    this.#look();
  }

  /**
   * Replaces the processes, one instance after another, each when the one before is ready. Rejects with `KRON_APP_FAILED`
   * at the first that does not get ready; that one and those after it stay as they are. What is asked meanwhile is done
   * afterwards, once for all.
   */
  reload(): Promise<void> {
    return this.#renew(async () => {
      for (const driver of this.#drivers) await driver.reload();
    });
  }

  /** Ends and starts one instance after another. Rejects as `reload` does. */
  restart(): Promise<void> {
    return this.#renew(async () => {
      for (const driver of this.#drivers) await driver.restart();
    });
  }

  /** From now on no instance is started by itself; those that are not ready end. The others go on until `stop`. */
  prepareStop(): void {
    this.#isStopping = true;
    for (const driver of this.#drivers) this.#stopUnlessReady(driver);
  }

  /** Ends all, and resolves when no process is left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#drivers.map((driver) => driver.stop()));
  }

  /** Ends all at once, with what they have started. */
  force(): void {
    this.#isStopping = true;
    for (const driver of this.#drivers) driver.force();
  }

  /** Resolves when no process is left and none will be started by itself. */
  async whenOver(): Promise<void> {
    await Promise.all(this.#drivers.map((driver) => driver.whenOver()));
  }

  /** Tells the instance whose process this is that it takes too much memory. */
  noteMemoryHigh(instance: number, bytes: number): void {
    this.#drivers[instance]?.noteMemoryHigh(bytes);
  }

  #renew(renew: () => Promise<void>): Promise<void> {
    if (this.#renewing === undefined) {
      this.#renewing = renew().finally(() => {
        this.#renewing = undefined;
      });
      return this.#renewing;
    }
    this.#renewingNext ??= this.#renewing
      .catch(() => undefined)
      .then(() => {
        this.#renewingNext = undefined;
        return this.#renew(renew);
      });
    return this.#renewingNext;
  }

  #reported(instance: number, report: ChildReport, pid: number | undefined): void {
    if (report.what === "failed") this.#hasFailed = true;
    this.#options.report(instance, report, pid);
    const driver = this.#drivers[instance];
    // In a turn of its own: the driver is in the middle of its step.
    if (driver !== undefined && this.#isStopping) queueMicrotask(() => this.#stopUnlessReady(driver));
    queueMicrotask(() => this.#look());
  }

  #stopUnlessReady(driver: ChildDriver): void {
    const { state } = driver;
    if (state === "starting" || state === "backoff") void driver.stop();
  }

  #look(): void {
    const states = this.#drivers.map(({ state }) => state);
    const isUp = states.some((state) => state === "ready" || state === "reloading");
    const willBeUp = states.some((state) => state === "starting" || state === "backoff" || state === "stopping");
    const isAwaited = !isUp && willBeUp && !this.#isStopping;
    if (isAwaited === this.#isAwaited) return;
    this.#isAwaited = isAwaited;
    this.#options.awaited(isAwaited);
  }
}
