/** Puts a listening socket in its place, and takes it away again. For the holder of the directory's lock only. */

import { chmodSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { join } from "node:path";
import { KronError } from "../core/errors.ts";
import type { Clock } from "../ports.ts";
import {
  type IpcEndpoint,
  isSocketAt,
  loopback,
  portFileContent,
  portName,
  socketName,
  socketPath,
} from "./endpoint.ts";
import { writePrivateFile } from "./private-files.ts";

const probeMs = 2_000;
const backlog = 511;

/** Has `server` listen for `directory`. Throws `KRON_IPC_ENDPOINT` when its place is taken. */
export async function listenFor(directory: string, server: Server, clock: Clock): Promise<IpcEndpoint> {
  const path = socketPath(directory);
  const portPath = join(directory, portName);
  if (path === undefined) {
    await listening(server, { host: loopback, port: 0, backlog, exclusive: true });
    const { port } = server.address() as { port: number };
    writePrivateFile(portPath, portFileContent(port, process.pid));
    return { kind: "tcp", host: loopback, port };
  }
  if (isSocketAt(path)) await removeStale(path, clock);
  await listening(server, { path, backlog, exclusive: true });
  // The directory keeps others out already; this is for those who look at the socket alone.
  chmodSync(path, 0o600);
  rmSync(portPath, { force: true });
  return { kind: "unix", path };
}

/** Takes away what tells clients where the server was; Node removes a unix socket itself. */
export function forgetEndpoint(directory: string, endpoint: IpcEndpoint): void {
  rmSync(join(directory, endpoint.kind === "tcp" ? portName : socketName), { force: true });
}

function listening(server: Server, options: Parameters<Server["listen"]>[0] & object): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => {
      reject(
        new KronError("KRON_IPC_ENDPOINT", `Expected to listen, but the system refused: ${cause.message}`, { cause }),
      );
    };
    server.once("error", failed);
    server.listen(options, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

/** A socket that nobody listens on was left by a process that was killed; only then is it removed. */
async function removeStale(path: string, clock: Clock): Promise<void> {
  const found = await probe(path, clock);
  if (found === "ENOENT") return;
  if (found !== "ECONNREFUSED") {
    throw new KronError("KRON_IPC_ENDPOINT", `Expected nobody to listen on ${path}, but a connection got: ${found}`, {
      hint: "Find out which process holds it: it does not hold the lock of the directory",
    });
  }
  rmSync(path, { force: true });
}

function probe(path: string, clock: Clock): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (found: string): void => {
      cancel();
      socket.destroy();
      resolve(found);
    };
    const cancel = clock.wakeAfter(probeMs, () => done("no answer"));
    socket.once("connect", () => done("a listener"));
    socket.once("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
}
