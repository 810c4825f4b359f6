/** What the service asks of the runtime it serves, embedded or supervised. Types only. */

import type { HistorySource } from "../../core/history.ts";
import type { Clock, Disk } from "../../ports.ts";
import type { Commands, Registration, ScheduleResult } from "../../supervisor/commands.ts";
import type { Engine } from "../../supervisor/engine.ts";
import type { AppService, AppServiceOptions } from "../app-service.ts";
import type { EventHub } from "../event-hub.ts";
import type { HostDoor } from "../host-door.ts";

/** Where a runtime is in its life, as `kron.state` tells it. */
export type RuntimePhase = "new" | "starting" | "running" | "draining" | "stopped" | "failed";

/** What the callbacks of applications in other processes need. */
export interface Attaching extends Pick<AppServiceOptions, "runners" | "output" | "onReady" | "onBlocked"> {
  /** Told what serves those applications, before the first of them can attach. */
  readonly begin: (apps: AppService) => void;
}

/** A runtime whose directory is open. */
export interface ServedRuntime {
  readonly dataDir: string;
  /** Of the journal, in hexadecimal digits. */
  readonly uuid: string;
  readonly mode: "embedded" | "supervised";
  readonly startedAtMs: number;
  readonly engine: Engine;
  readonly commands: Commands;
  readonly history: HistorySource;
  readonly snapshots: { readonly snapshotIndex: number; compact(): Promise<void> };
  readonly events: EventHub;
  /** On which the directory is. */
  readonly disk: Disk;
  /** Real time, whatever the engine goes by: for waits and slices of work on behalf of clients. */
  readonly realClock: Clock;
  phase(): RuntimePhase;
  isOrphaned(slot: number): boolean;
  /** Schedules a timer whose definition says what is executed. */
  schedule(registration: Registration): Promise<ScheduleResult>;
  /** Begins to shut down as if the owner had asked for it; returns at once. */
  shutdown(timeoutMs: number): void;
  /** Applications that are attached, as plain data. */
  apps(): readonly object[];
  /** Processes that execute attempts, as plain data. */
  hosts(): readonly object[];
  /** Where hosts of modules come in. */
  readonly hostDoor: HostDoor;
  /** What is needed to have callbacks run in applications that attach; without it none may. */
  readonly attaching?: Attaching;
}
