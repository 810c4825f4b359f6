/** `kron supervise`: a supervisor as a process of the command line, from its signals to its exit code. */

import { statSync } from "node:fs";
import { KronError } from "../../src/core/errors.ts";
import { checkKronOptions } from "../../src/kron-options.ts";
import { openNotifySocket } from "../../src/runtime/notify-socket.ts";
import { ServiceNotifier } from "../../src/runtime/service-notifier.ts";
import { readSuperviseOptions, type SuperviseOptions } from "../../src/runtime/supervise/supervise-options.ts";
import { Supervisor, type SupervisorEnd, type SupervisorPhase } from "../../src/runtime/supervise/supervisor.ts";
import type { CommandContext } from "../context.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { type ConfigOptions, commandConfig } from "./command-config.ts";

/** What was ended by force has so long before this process ends without waiting for it. */
const forceMs = 10_000;

/** Supervises `script` until it is told to stop, or the app is over. */
export async function supervise(
  context: CommandContext,
  script: string,
  args: readonly string[],
  options: SuperviseOptions & ConfigOptions,
): Promise<ExitCodeValue> {
  const app = readSuperviseOptions(script, args, options, {
    version: process.version,
    stripsTypes: Boolean((process.features as { typescript?: unknown }).typescript),
  });
  checkIsFile(app.script);
  const { dataDir, baseDir, ...config } = await commandConfig(context, options);
  const runtime = checkKronOptions({ ...config.runtime, dataDir, baseDir });
  // A terminal or a pipe that goes away is no reason to end, and one that is slow none to wait.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const tell = (line: string): void => {
    process.stderr.write(`kron: ${printable(line)}\n`);
  };
  const notifier = new ServiceNotifier({
    // Taken out of the environment here, so that the app cannot speak for the service.
    ...{ environment: process.env, pid: process.pid, clock: runtime.clock, logger: runtime.logger },
    open: openNotifySocket,
  });
  const signals = new Signals(tell);
  try {
    const useColor = context.output.options.depth !== "none";
    const { stdout, stderr } = process;
    const onPhase = (phase: SupervisorPhase): void => notify(notifier, phase, app.script);
    const supervisor = await Supervisor.start({ dataDir, app, runtime, stdout, stderr, useColor, tell, onPhase });
    tell(`supervising ${app.script} in process ${process.pid}, with the timers of ${dataDir}`);
    if (config.timers.length > 0) tell(`the timers of ${config.file} are made by kron sync, and not by supervise`);
    signals.attach(supervisor);
    const end = await supervisor.whenEnded();
    return signals.exitCode ?? exitCodeOf(end);
  } finally {
    signals.close();
    notifier.close();
  }
}

function notify(notifier: ServiceNotifier, phase: SupervisorPhase, script: string): void {
  switch (phase) {
    case "ready":
      notifier.ready(`Supervising ${script}`);
      // That it is sent is the sign: it comes from the loop that everything else needs too.
      notifier.watch(() => true);
      break;
    case "reloading":
      notifier.reloading();
      break;
    default:
      notifier.stopping("Stopping: waiting for runs, then for the app");
  }
}

function checkIsFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true) return;
  throw new KronError(
    "KRON_OPTION_INVALID",
    `Expected the app to be a file, ${path} is ${found ? "none" : "not there"}`,
  );
}

function exitCodeOf(end: SupervisorEnd): ExitCodeValue {
  return end === "clean" ? ExitCode.OK : ExitCode.FAILURE;
}

/** What signals do: the first asks to stop, the second forces; SIGHUP reloads. */
class Signals {
  readonly #tell: (line: string) => void;
  readonly #listeners: ReadonlyMap<NodeJS.Signals, () => void>;
  #supervisor: Supervisor | undefined;
  #isStopping = false;
  #exitCode: ExitCodeValue | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
    this.#listeners = new Map([
      ["SIGINT", () => this.#stop("SIGINT", ExitCode.FORCED_BY_SIGINT)],
      ["SIGTERM", () => this.#stop("SIGTERM", ExitCode.FORCED_BY_SIGTERM)],
      ["SIGHUP", () => this.#reload()],
    ]);
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  /** Set when the end was forced. */
  get exitCode(): ExitCodeValue | undefined {
    return this.#exitCode;
  }

  /** From now on signals reach the supervisor; one that came before does now. */
  attach(supervisor: Supervisor): void {
    this.#supervisor = supervisor;
    if (this.#exitCode !== undefined) supervisor.force();
    else if (this.#isStopping) void supervisor.stop();
  }

  close(): void {
    clearTimeout(this.#deadline);
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }

  #stop(signal: string, exitCode: ExitCodeValue): void {
    if (this.#exitCode !== undefined) process.exit(this.#exitCode);
    if (this.#isStopping) {
      this.#exitCode = exitCode;
      this.#tell(`${signal} again: ending at once`);
      this.#deadline = setTimeout(() => process.exit(exitCode), forceMs);
      this.#supervisor?.force();
      return;
    }
    this.#isStopping = true;
    this.#tell(`${signal}: stopping; once more to end at once`);
    void this.#supervisor?.stop();
  }

  #reload(): void {
    this.#tell("SIGHUP: reloading");
    // What keeps it from that has been told as it happened.
    this.#supervisor?.reload().catch(() => undefined);
  }
}
