/** `kron runtime start`: a runtime of its own, for timers that need no application. */

import { readConfig } from "../../src/runtime/config.ts";
import { openNotifySocket } from "../../src/runtime/notify-socket.ts";
import { ServiceNotifier } from "../../src/runtime/service-notifier.ts";
import { systemClock } from "../../src/system.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCodeValue } from "../exit-codes.ts";
import { type ConfigOptions, commandConfig, configRequest } from "./command-config.ts";
import { runtimeLogger } from "./runtime-log.ts";
import { RuntimeService } from "./runtime-service.ts";

/** By convention: 128 and the number of the signal. */
const interruptedTwice = 130;

/** Runs until it is told to stop. */
export async function runtimeStart(context: CommandContext, options: ConfigOptions): Promise<ExitCodeValue> {
  const clock = systemClock();
  const config = await commandConfig(context, options);
  const logger = runtimeLogger(config.logLevel ?? "info", process.stderr.isTTY === true);
  const notifier = new ServiceNotifier({
    ...{ environment: process.env, pid: process.pid, clock, logger, open: openNotifySocket },
  });
  const service = new RuntimeService(config, {
    ...{ clock, logger, notifier },
    readConfig: () => readConfig(configRequest(options)),
  });
  let interrupts = 0;
  const listeners: Readonly<Partial<Record<NodeJS.Signals, () => void>>> = {
    SIGTERM: () => service.stop("SIGTERM"),
    SIGINT: () => {
      interrupts += 1;
      if (interrupts === 1) return service.stop("SIGINT");
      logger.error({}, "Interrupted again: ends at once, and what was under way is retried as lost");
      process.exit(interruptedTwice);
    },
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
