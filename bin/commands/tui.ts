/** `kron tui`, or `kron top`: the live view of a runtime, which has its terminal back whatever ends it. */

import { Zones } from "../../src/core/zone.ts";
import { systemClock } from "../../src/system.ts";
import { Tui } from "../../src/tui/app.ts";
import { abilitiesOf } from "../../src/tui/paint.ts";
import { TerminalScreen } from "../../src/tui/screen.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { displayZone } from "../display-zone.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { connectLive } from "./live.ts";
import { LiveSource } from "./tui-source.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Shows the runtime until it is left. Exits with 4 when there is none to begin with. */
export async function tui(context: CommandContext): Promise<ExitCodeValue> {
  const { stdin, stdout, env } = process;
  if (!stdin.isTTY || !stdout.isTTY) {
    const hint = "Without one there are `kron runtime status`, `kron job list` and `kron events -f`";
    throw new CommandError(ExitCode.USAGE, "Expected a terminal to show things on and to read keys from", hint);
  }
  if (context.isOffline || context.output.options.isJson) {
    throw new CommandError(ExitCode.USAGE, "Expected no --offline and no --json: this is a runtime shown to people");
  }
  const { dataDir } = context;
  const zone = displayZone(context, new Zones(intlOffsetSource()));
  const connect = async (): Promise<LiveSource> => new LiveSource((await connectLive(context)).client, dataDir, zone);
  const source = await connect();
  const abilities = abilitiesOf(env, context.output.options.depth);
  const app = new Tui({
    ...{ clock: systemClock(), zone, connect },
    ...{ screen: new TerminalScreen(stdin, stdout, abilities), suspend: suspendProcess },
  });
  const ended = endedBySignal(app);
  await app.run(source);
  ended.close();
  return ExitCode.OK;
}

/** Gives the terminal back when a signal comes, and then ends as the signal would have ended us. */
function endedBySignal(app: Tui): { close(): void } {
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      app.stop();
      close();
      process.kill(process.pid, signal);
    };
    process.once(signal, listener);
    return () => process.off(signal, listener);
  });
  const close = (): void => {
    for (const remove of listeners) remove();
  };
  return { close };
}

/** As Ctrl-Z does, which raw mode keeps from the terminal; goes on with `fg`. */
function suspendProcess(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGCONT", resolve);
    process.kill(process.pid, "SIGTSTP");
  });
}
