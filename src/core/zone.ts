/**
 * Time zones as the pure core sees them: spans of constant offset, interned by name.
 *
 * Where offsets come from is a port (`OffsetSource`); the real one, over `Intl`, is `zone-source.ts`.
 */

import { type ZoneSpan, ZoneTable } from "./zone-table.ts";

/** Where UTC offsets come from. */
export interface OffsetSource {
  /** UTC offset of `zone` in milliseconds at an instant (east is positive); throws KRON_ZONE_INVALID for an unknown zone. */
  offsetMs(zone: string, atMs: number): number;
  /** The name under which the source keeps the rules of `zone`; throws KRON_ZONE_INVALID, with a hint, if it has none. */
  canonicalName(zone: string): string;
}

/** One time zone. Two zones with the same name are the same object. */
export interface Zone {
  /** The IANA name as it was asked for, in its usual spelling. */
  readonly name: string;
  /** Local time minus UTC in milliseconds at an instant. */
  offsetMs(atMs: number): number;
  /** The span of constant offset that holds an instant, given in whole seconds since 1970-01-01T00:00Z. */
  spanAt(second: number): ZoneSpan;
}

/** Only spellings such as `us/EASTERN` can exceed this; beyond it zones still work, but are not shared. */
const zonesMax = 2000;

/** The zones of one process, interned by name. */
export class Zones {
  readonly #source: OffsetSource;
  readonly #zones = new Map<string, Zone>();
  readonly #tables = new Map<string, ZoneTable>();

  constructor(source: OffsetSource) {
    this.#source = source;
  }

  /** The zone of that name, in any case of letters; throws KRON_ZONE_INVALID, with a hint, for an unknown one. */
  get(name: string): Zone {
    const known = this.#zones.get(name);
    if (known !== undefined) return known;
    const canonical = this.#source.canonicalName(name);
    // An alias keeps its own name: who asked for Asia/Kolkata is not shown Asia/Calcutta.
    const shown = canonical.toLowerCase() === name.toLowerCase() ? canonical : name;
    const zone = this.#zones.get(shown) ?? new TableZone(shown, this.#table(canonical));
    if (this.#zones.size < zonesMax) this.#zones.set(shown, zone);
    return zone;
  }

  #table(canonical: string): ZoneTable {
    const known = this.#tables.get(canonical);
    if (known !== undefined) return known;
    const table = new ZoneTable((second) => Math.round(this.#source.offsetMs(canonical, second * 1000) / 1000));
    this.#tables.set(canonical, table);
    return table;
  }
}

class TableZone implements Zone {
  readonly name: string;
  readonly #table: ZoneTable;

  constructor(name: string, table: ZoneTable) {
    this.name = name;
    this.#table = table;
  }

  offsetMs(atMs: number): number {
    return this.#table.spanAt(Math.floor(atMs / 1000)).offset * 1000;
  }

  spanAt(second: number): ZoneSpan {
    return this.#table.spanAt(second);
  }
}
