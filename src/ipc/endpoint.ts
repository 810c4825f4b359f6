/**
 * Where a server listens: `kron.sock` in the data directory; or, where its path is too long for a unix socket and on
 * Windows, a port of the loopback interface that `kron.port` names.
 *
 * The system cuts a path that is too long without a word, so its bytes are counted first. Abstract sockets have no
 * permissions and are not used.
 */

import { lstatSync } from "node:fs";
import { join } from "node:path";
import { KronError } from "../core/errors.ts";
import { readPrivateFile } from "./private-files.ts";

/** The name of the unix socket. */
export const socketName = "kron.sock";
/** The name of the file that holds the port. */
export const portName = "kron.port";
/** The address of the loopback interface that servers listen on. */
export const loopback = "127.0.0.1";

const socketPathBytesMax = 107;
const portFileBytesMax = 1_024;

/** Where a server listens. */
export type IpcEndpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** The path of the unix socket of `directory`, or undefined where there can be none. */
export function socketPath(directory: string, platform: string = process.platform): string | undefined {
  const path = join(directory, socketName);
  return platform === "win32" || Buffer.byteLength(path) > socketPathBytesMax ? undefined : path;
}

/** Whether a socket is at `path`. Throws `KRON_IPC_ENDPOINT` when something else is; links are not followed. */
export function isSocketAt(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.isSocket()) return true;
  const what = found.isSymbolicLink() ? "a symbolic link" : found.isDirectory() ? "a directory" : "a file";
  throw new KronError("KRON_IPC_ENDPOINT", `Expected a socket or nothing at ${path}, found ${what}`, {
    hint: "Find out what put it there, and move it away",
  });
}

/** Where the server of `directory` should be, or undefined when nothing says that there is one. */
export function findEndpoint(directory: string): IpcEndpoint | undefined {
  const path = socketPath(directory);
  if (path !== undefined) return isSocketAt(path) ? { kind: "unix", path } : undefined;
  const port = readPort(join(directory, portName));
  return port === undefined ? undefined : { kind: "tcp", host: loopback, port };
}

/** What `kron.port` holds. */
export function portFileContent(port: number, pid: number): Uint8Array {
  return Buffer.from(`${JSON.stringify({ port, pid })}\n`);
}

function readPort(path: string): number | undefined {
  const refuse = (why: string): KronError =>
    new KronError("KRON_IPC_ENDPOINT", `Expected a private file with a port at ${path}: ${why}`, {
      hint: "Find out what put it there, and move it away",
    });
  const bytes = readPrivateFile(path, portFileBytesMax, refuse);
  if (bytes === undefined) return undefined;
  const port = portIn(bytes.toString());
  if (port === undefined) throw refuse("it holds no port");
  return port;
}

function portIn(text: string): number | undefined {
  try {
    const { port } = JSON.parse(text) as { port?: unknown };
    return typeof port === "number" && Number.isInteger(port) && port > 0 && port < 0x1_0000 ? port : undefined;
  } catch {
    // What is no JSON holds no port either.
    return undefined;
  }
}
