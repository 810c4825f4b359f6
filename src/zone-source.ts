/**
 * UTC offsets from the time zone data that Node ships (ICU, through `Intl`).
 *
 * A formatter costs some 80 KB and 0.07 ms to make, so only the latest is kept: the span tables of
 * `core/zone-table.ts` ask for one zone many times in a row, then never again.
 */

import { KronError } from "./core/errors.ts";
import { didYouMean } from "./core/suggest.ts";
import type { OffsetSource } from "./core/zone.ts";

/** IANA names are far shorter; longer text is refused before `Intl` sees it. */
const zoneNameCharactersMax = 64;

/** An offset source over `Intl`; what it knows depends on the ICU data of this Node. */
export function intlOffsetSource(): OffsetSource {
  let latestName: string | undefined;
  let latest: Intl.DateTimeFormat | undefined;

  const formatter = (zone: string): Intl.DateTimeFormat => {
    if (latest === undefined || latestName !== zone) {
      latest = makeFormatter(zone);
      latestName = zone;
    }
    return latest;
  };

  return {
    offsetMs: (zone, atMs) => readOffsetMs(formatter(zone).format(atMs)),
    canonicalName: (zone) => formatter(zone).resolvedOptions().timeZone,
  };
}

function makeFormatter(zone: string): Intl.DateTimeFormat {
  // "+02:00" is accepted by some Node versions only; a schedule must mean the same on all.
  const plausible = zone.length > 0 && zone.length <= zoneNameCharactersMax && !/^[+-]/.test(zone);
  if (plausible) {
    try {
      return new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    } catch {
      // Not a zone: the error below says more than the RangeError would.
    }
  }
  throw new KronError("KRON_ZONE_INVALID", `Expected an IANA time zone, got ${quoted(zone)}`, {
    hint: hintFor(zone),
    details: { zone: zone.slice(0, zoneNameCharactersMax) },
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.length > zoneNameCharactersMax ? `${text.slice(0, zoneNameCharactersMax)}…` : text);
}

function hintFor(zone: string): string {
  const names = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  const city = `/${zone.toLowerCase().replaceAll(" ", "_")}`;
  const inCity = names.find((name) => name.toLowerCase().endsWith(city));
  if (inCity !== undefined) return `Did you mean ${JSON.stringify(inCity)}?`;
  return didYouMean(zone, names, JSON.stringify) ?? 'Use a name such as "Europe/Riga" or "UTC"';
}

/** Reads the end of `4/24/1938, GMT-00:44:30`; a plain `GMT` is zero. */
function readOffsetMs(text: string): number {
  const at = text.lastIndexOf("GMT") + 3;
  if (at >= text.length) return 0;
  const [hours = "0", minutes = "0", seconds = "0"] = text.slice(at + 1).split(":");
  const magnitude = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return text[at] === "-" ? -magnitude : magnitude;
}
