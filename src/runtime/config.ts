/** The configuration of a runtime or a command, from flags, environment and file, found, loaded and checked. */

import { dirname, resolve } from "node:path";
import { Zones } from "../core/zone.ts";
import type { Clock } from "../ports.ts";
import type { Environment } from "../runners/environment.ts";
import { intlOffsetSource } from "../zone-source.ts";
import { type CheckedConfig, checkConfig } from "./config-check.ts";
import { loadConfigFile } from "./config-file.ts";
import type { ConfigFlags } from "./config-layers.ts";

/** What a configuration is read from. */
export interface ConfigRequest {
  /** What `--config` says. */
  readonly path: string | undefined;
  readonly flags: ConfigFlags;
  readonly environment: Environment;
  readonly directory: string;
  readonly clock: Clock;
}

/** A configuration ready for use. */
export interface Config extends CheckedConfig {
  /** Absolute. One in the file is relative to the file. */
  readonly dataDir: string;
  /** Absolute; default the directory of the file, or the working directory without one. */
  readonly baseDir: string;
  /** What its timers are claimed by: its name, else the path of its file. */
  readonly source: string;
}

/** Reads the configuration. Rejects with `KRON_CONFIG_INVALID`, whose details hold all that is wrong. */
export async function readConfig(request: ConfigRequest): Promise<Config> {
  const { path, flags, environment, directory, clock } = request;
  const loaded = await loadConfigFile({ path, directory, clock });
  const file = loaded?.file;
  const checked = checkConfig({ file, exported: loaded?.exported, flags, environment }, new Zones(intlOffsetSource()));
  const home = file === undefined ? directory : dirname(file);
  const from = (name: string): string => (checked.layers.get(name)?.origin === "file" ? home : directory);
  const { dataDir, baseDir } = checked.runtime;
  return {
    ...checked,
    dataDir: resolve(from("dataDir"), dataDir ?? ".kron"),
    baseDir: resolve(home, baseDir ?? "."),
    source: checked.name ?? file ?? directory,
  };
}
