/**
 * The socket on which systemd hears how a service is (sd_notify(3)): a datagram socket of the family AF_UNIX, which
 * Node cannot open. The calls go through koffi, as does the lock of a directory, so whoever can open a directory can
 * notify too. The helper program systemd-notify would need `NotifyAccess=all`, which lets every job speak for the
 * service, and a new process for each sign of life.
 */

import { createRequire } from "node:module";
import { constants } from "node:os";
import { KronError } from "../core/errors.ts";

/** An open socket. */
export interface NotifySocket {
  /** Sends one message without waiting: 0, or the errno. */
  send(text: string): number;
  close(): void;
}

/** Opens the socket at an address as it stands in `NOTIFY_SOCKET`: a path, or `@` and an abstract name. */
export type OpenNotifySocket = (address: string) => NotifySocket;

type Koffi = typeof import("koffi");

// Linux, on every processor that koffi knows.
const familyUnix = 1;
const typeDatagram = 2;
const closeOnExec = 0o2000000;
const noWaitNoSignal = 0x40 | 0x4000;
const pathBytesMax = 107;

/** Opens it with the system's own calls. Throws `KRON_OPTION_INVALID` for an address that is none here. */
export const openNotifySocket: OpenNotifySocket = (address) => {
  const name = socketName(address);
  try {
    return connect(createRequire(import.meta.url)("koffi") as Koffi, name);
  } catch (cause) {
    throw invalid(address, `koffi could not open a socket on ${process.platform}-${process.arch}`, cause);
  }
};

/** `sockaddr_un`: the family in the order of the processor, then the path with a NUL behind it, or the name behind one. */
export function socketName(address: string): Uint8Array {
  const isAbstract = address.startsWith("@");
  if (!isAbstract && !address.startsWith("/")) throw invalid(address, "it is neither a path nor an abstract name");
  if (process.platform !== "linux") throw invalid(address, `there is no such thing on ${process.platform}`);
  const path = Buffer.from(isAbstract ? `\0${address.slice(1)}` : `${address}\0`, "utf8");
  if (path.length > pathBytesMax + 1) throw invalid(address, `it is longer than ${pathBytesMax} bytes`);
  const family = new Uint8Array(Uint16Array.of(familyUnix).buffer);
  return Buffer.concat([family, path]);
}

function connect(koffi: Koffi, name: Uint8Array): NotifySocket {
  const library = koffi.load(null);
  const socket = library.func("int socket(int, int, int)");
  const sendTo = library.func("long sendto(int, const void *, size_t, int, const void *, unsigned int)");
  const closeFile = library.func("int close(int)");
  const file = socket(familyUnix, typeDatagram | closeOnExec, 0) as number;
  if (file < 0) throw new Error(`socket failed with errno ${koffi.errno()}`);
  return {
    send: (text) => {
      const bytes = Buffer.from(text, "utf8");
      for (;;) {
        const sent = Number(sendTo(file, bytes, bytes.length, noWaitNoSignal, name, name.length));
        if (sent >= 0) return 0;
        const errno = koffi.errno();
        if (errno !== constants.errno.EINTR) return errno;
      }
    },
    close: () => {
      closeFile(file);
    },
  };
}

function invalid(address: string, why: string, cause?: unknown): KronError {
  return new KronError("KRON_OPTION_INVALID", `Expected NOTIFY_SOCKET to be a socket, got ${address}: ${why}`, {
    cause,
  });
}
