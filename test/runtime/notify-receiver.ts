/** A stand-in for systemd's socket: a program in Python, as Node cannot open a datagram socket of this family. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";

const program = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
while True:
    print(s.recv(65536).decode("utf-8").replace("\\n", "|"), flush=True)
`;

/** Why the receiver cannot be had here; undefined when it can. */
export function whyNoReceiver(): string | undefined {
  if (process.platform !== "linux") return `there is no such socket on ${process.platform}`;
  return spawnSync("python3", ["--version"]).status === 0 ? undefined : "python3 is not there";
}

/** What was received, as it comes. */
export class NotifyReceiver {
  readonly messages: string[] = [];
  readonly #child: ChildProcess;
  #notice: () => void = () => undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Listens at an address as it stands in `NOTIFY_SOCKET`. */
  static async listen(address: string): Promise<NotifyReceiver> {
    const child = spawn("python3", ["-c", program, address], { stdio: ["ignore", "pipe", "inherit"] });
    const receiver = new NotifyReceiver(child);
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      receiver.messages.push(...lines);
      receiver.#notice();
    });
    await receiver.got(/^bound$/);
    receiver.messages.length = 0;
    return receiver;
  }

  /** Resolves with the first message that matches, once it is there. */
  async got(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.messages.find((message) => pattern.test(message));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#notice = resolve;
      });
    }
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
