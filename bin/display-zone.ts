/** The zone in which a command shows times. */

import type { Zone, Zones } from "../src/core/zone.ts";
import { type CommandContext, localZoneName } from "./context.ts";

/** The zone in which times are shown: the one asked for, else that of this machine. */
export function displayZone(context: CommandContext, zones: Zones): Zone {
  if (context.zoneName !== undefined) return zones.get(context.zoneName);
  try {
    return zones.get(localZoneName());
  } catch {
    // A machine may be set to a zone that Node does not know; times are shown with their offset anyway.
    return zones.get("UTC");
  }
}
