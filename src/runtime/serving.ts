/** The socket of a runtime, from the start to the shutdown: not being able to serve is no reason not to run. */

import { isKronError, KronError } from "../core/errors.ts";
import type { Logger, Random } from "../ports.ts";
import type { ServedRuntime } from "./service/served-runtime.ts";

/** What serves clients; an `IpcServer`. */
interface Server {
  close(): Promise<void>;
}

/** Serves clients of a runtime for as long as it is open. */
export class Serving {
  readonly #opening: Promise<Server | undefined>;

  private constructor(opening: Promise<Server | undefined>) {
    this.#opening = opening;
  }

  /** Begins to serve `runtime`. What keeps it from that is logged, and told as a `warning`. */
  static begin(runtime: ServedRuntime, logger: Logger, random: Random): Serving {
    return new Serving(listen(runtime, logger, random));
  }

  /** Resolves when clients can connect, or it is known that they cannot. */
  async ready(): Promise<void> {
    await this.#opening;
  }

  /** Turns clients away; resolves when the last is gone, after some two seconds at most. */
  async close(): Promise<void> {
    const server = await this.#opening;
    await server?.close();
  }
}

async function listen(runtime: ServedRuntime, logger: Logger, random: Random): Promise<Server | undefined> {
  try {
    // Protocol, socket and methods are loaded here, so that nobody pays for them who switched them off.
    const { serveRuntime } = await import("./serve.ts");
    return await serveRuntime(runtime, logger, random);
  } catch (cause) {
    const error = isKronError(cause) ? cause : refused(cause);
    logger.warn({ code: error.code, hint: error.hint, err: cause }, `No commands are taken: ${error.message}`);
    runtime.events.emit("warning", error);
    runtime.hostDoor.served(false);
    return undefined;
  }
}

function refused(cause: unknown): KronError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KronError("KRON_IPC_ENDPOINT", `Expected to serve commands on a socket, but: ${why}`, { cause });
}
