/** What a host is told when it is started, in its environment: nothing that modules may see, so it is taken out there. */

import { KronError } from "../core/errors.ts";

/** The variable that holds the settings. */
export const hostVariable = "KRON_POOL_HOST";

/** The method of the runtime's socket that a host connects with; its parameters are `{ key }`. */
export const attachMethod = "host.attach";

/** What a host is told. */
export interface HostSettings {
  /** The directory whose socket it connects to. */
  readonly dataDir: string;
  /** What it proves itself with. */
  readonly key: string;
  readonly threads: number;
}

/** The settings as a text. */
export function encodeHostSettings({ dataDir, key, threads }: HostSettings): string {
  return JSON.stringify([dataDir, key, threads]);
}

/** The settings in `environment`, which are removed from it. Throws `KRON_OPTION_INVALID` when there are none. */
export function takeHostSettings(environment: Record<string, string | undefined>): HostSettings {
  const text = environment[hostVariable];
  delete environment[hostVariable];
  const [dataDir, key, threads] = parse(text);
  if (typeof dataDir === "string" && typeof key === "string" && typeof threads === "number") {
    return { dataDir, key, threads };
  }
  throw new KronError("KRON_OPTION_INVALID", `Expected the settings of a host in ${hostVariable}`, {
    hint: "Hosts are started by a runtime, not by hand",
  });
}

function parse(text: string | undefined): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return Array.isArray(value) ? value : [];
  } catch {
    // Not ours, and so none.
    return [];
  }
}
