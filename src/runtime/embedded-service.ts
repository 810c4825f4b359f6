/** An engine in this process as the service of its socket sees it. */

import { nodeDisk } from "../journal/node-disk.ts";
import type { Disk } from "../ports.ts";
import type { OutputSink } from "../runners/callback-context.ts";
import { systemClock } from "../system.ts";
import type { AppService } from "./app-service.ts";
import type { Embedded } from "./embedded.ts";
import type { EventHub } from "./event-hub.ts";
import type { RuntimePhase, ServedRuntime } from "./service/served-runtime.ts";

/** What only the owner of the engine knows. */
export interface EmbeddedOwner {
  readonly dataDir: string;
  readonly mode: ServedRuntime["mode"];
  readonly events: EventHub;
  readonly output: OutputSink;
  readonly disk: Disk | undefined;
  phase(): RuntimePhase;
  /** Shuts down because a client asked for it. */
  shutdown(timeoutMs: number): void;
  /** An app that the owner started says that it is ready; `key` is what it was given. */
  readonly onReady?: (key: string) => void;
  /** One that the owner started does not react any more. */
  readonly onBlocked?: (key: string) => void;
  /** The applications that are attached, where the owner knows more of them than is known here. */
  readonly apps?: () => readonly object[];
  /** Told what serves attached applications. */
  readonly onServing?: (apps: AppService) => void;
}

/** What the service is given of `embedded`. */
export function embeddedService(embedded: Embedded, owner: EmbeddedOwner): ServedRuntime {
  const { engine, commands, history, snapshots, uuid } = embedded;
  const { dataDir, mode, events, output, onReady, onBlocked } = owner;
  let appService: AppService | undefined;
  return {
    ...{ dataDir, uuid, mode, startedAtMs: engine.clock.nowMs() },
    ...{ engine, commands, history, snapshots, events },
    ...{ disk: owner.disk ?? nodeDisk, realClock: systemClock() },
    phase: () => owner.phase(),
    isOrphaned: (slot) => embedded.isOrphaned(slot),
    schedule: (registration) => embedded.schedule(registration, undefined),
    shutdown: (timeoutMs) => owner.shutdown(timeoutMs),
    apps: owner.apps ?? (() => appService?.apps() ?? []),
    hosts: () => embedded.hostDoor.hosts(),
    hostDoor: embedded.hostDoor,
    attaching: {
      ...{ runners: embedded.apps, output },
      ...(onReady !== undefined && { onReady }),
      ...(onBlocked !== undefined && { onBlocked }),
      begin: (apps) => {
        appService = apps;
        owner.onServing?.(apps);
      },
    },
  };
}
