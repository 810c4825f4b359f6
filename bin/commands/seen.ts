/** What a command has seen of a directory, and from whom: the runtime that is at work in it, or its files. */

import { Zones } from "../../src/core/zone.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { type DisplayZone, displayZone } from "../display-zone.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { ExitCode } from "../exit-codes.ts";
import type { Live } from "./live.ts";
import { type Offline, reportReading } from "./offline.ts";
import type { RuntimePresence } from "./runtime-presence.ts";

/** Where what is shown comes from. */
export interface Seen {
  readonly runtime: {
    /** As the log tells it; of a runtime that was asked, what it says itself. */
    readonly state: RuntimePresence["state"] | Live["status"]["state"];
    readonly pid: number | undefined;
    readonly asOfEntry: number;
    readonly asOfMs: number;
    readonly via: "socket" | "files";
  };
  /** The zone in which times are shown. */
  readonly zone: DisplayZone;
  readonly recurrences: Recurrences;
  /** To be called at the end: tells what keeps the answer from being the whole truth, and gives the exit code. */
  report(): ExitCodeValue;
}

/** From the runtime itself. */
export function seenLive(context: CommandContext, { status }: Live): Seen {
  const zones = new Zones(intlOffsetSource());
  const { state, pid, lastIndex, lastAtMs } = status;
  return {
    runtime: { state, pid, asOfEntry: lastIndex, asOfMs: lastAtMs, via: "socket" },
    zone: displayZone(context, zones),
    recurrences: new Recurrences(zones),
    report: () => ExitCode.OK,
  };
}

/** From the files. */
export function seenOffline(context: CommandContext, offline: Offline): Seen {
  const { runtime, state, zone, recurrences } = offline;
  return {
    runtime: { ...runtime, asOfEntry: state.appliedIndex, asOfMs: state.atMs, via: "files" },
    ...{ zone, recurrences },
    report: () => reportReading(context, offline),
  };
}
