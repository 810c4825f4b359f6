/** An embedded runtime as its service sees it. */

import { nodeDisk } from "../journal/node-disk.ts";
import type { Disk } from "../ports.ts";
import { systemClock } from "../system.ts";
import type { Embedded } from "./embedded.ts";
import type { EventHub } from "./event-hub.ts";
import type { RuntimePhase, ServedRuntime } from "./service/served-runtime.ts";

/** What only the owner of an embedded runtime knows. */
export interface EmbeddedOwner {
  readonly dataDir: string;
  readonly events: EventHub;
  readonly disk: Disk | undefined;
  phase(): RuntimePhase;
  /** Shuts down because a client asked for it. */
  shutdown(timeoutMs: number): void;
}

/** What the service is given of `embedded`. */
export function embeddedService(embedded: Embedded, owner: EmbeddedOwner): ServedRuntime {
  const { engine, commands, history, snapshots, uuid } = embedded;
  return {
    ...{ dataDir: owner.dataDir, uuid, mode: "embedded", startedAtMs: engine.clock.nowMs() },
    ...{ engine, commands, history, snapshots, events: owner.events },
    ...{ disk: owner.disk ?? nodeDisk, realClock: systemClock() },
    phase: () => owner.phase(),
    isOrphaned: (slot) => embedded.isOrphaned(slot),
    schedule: (registration) => embedded.schedule(registration, undefined),
    shutdown: (timeoutMs) => owner.shutdown(timeoutMs),
    apps: () => [],
    hosts: () => [],
  };
}
