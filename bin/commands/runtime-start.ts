/** `kron runtime start`: a runtime of its own, for timers that need no application. */

import { Zones } from "../../src/core/zone.ts";
import { readConfig } from "../../src/runtime/config.ts";
import { openNotifySocket } from "../../src/runtime/notify-socket.ts";
import { ServiceNotifier } from "../../src/runtime/service-notifier.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { displayZone } from "../display-zone.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { type ConfigOptions, commandConfig, configRequest } from "./command-config.ts";
import { runtimeLogger } from "./runtime-log.ts";
import { RuntimeService } from "./runtime-service.ts";

/** Runs until it is told to stop. */
export async function runtimeStart(context: CommandContext, options: ConfigOptions): Promise<ExitCodeValue> {
  const clock = systemClock();
  const config = await commandConfig(context, options);
  const zone = displayZone(context, new Zones(intlOffsetSource()));
  const logger = runtimeLogger(config.logLevel ?? "info", process.stderr.isTTY === true, zone);
  const notifier = new ServiceNotifier({
    ...{ environment: process.env, pid: process.pid, clock, logger, open: openNotifySocket },
  });
  const service = new RuntimeService(config, {
    ...{ clock, logger, notifier },
    readConfig: () => readConfig(configRequest(options)),
  });
  let isStopping = false;
  const stop = (signal: string, forced: ExitCodeValue): void => {
    if (isStopping) {
      logger.error({ signal }, "Told to stop again: ends at once, and what was under way is retried as lost");
      process.exit(forced);
    }
    isStopping = true;
    service.stop(signal);
  };
  const listeners: Readonly<Partial<Record<NodeJS.Signals, () => void>>> = {
    SIGTERM: () => stop("SIGTERM", ExitCode.FORCED_BY_SIGTERM),
    SIGINT: () => stop("SIGINT", ExitCode.FORCED_BY_SIGINT),
    SIGHUP: () => service.reload(),
  };
  for (const [signal, listener] of Object.entries(listeners)) process.on(signal, listener);
  try {
    return await service.run();
  } finally {
    for (const [signal, listener] of Object.entries(listeners)) process.off(signal, listener);
    notifier.close();
  }
}
