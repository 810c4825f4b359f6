/** A server on this machine that answers as each test wants it. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers a request, or does not. */
export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that listens. */
export interface TestServer {
  readonly url: string;
  readonly arrived: Arrived[];
  readonly sockets: Set<Socket>;
  /** Connections there were in all. */
  connections: number;
  /** How requests to a path are answered; 200 with `ok` unless said. */
  on(path: string, answer: Answer): void;
  /** Resolves with the next request to a path. */
  next(path: string): Promise<Arrived>;
  close(): Promise<void>;
}

/** Starts a server on a free port. */
export async function testServer(): Promise<TestServer> {
  const answers = new Map<string, Answer>();
  const waiting = new Map<string, (arrived: Arrived) => void>();
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const body = Buffer.concat(chunks).toString("latin1");
      const arrived = { method, url, headers, body };
      rig.arrived.push(arrived);
      const path = url.replace(/\?.*/, "");
      const answer = answers.get(path) ?? ((_request, anyResponse) => anyResponse.end("ok"));
      answer(request, response, body);
      waiting.get(path)?.(arrived);
      waiting.delete(path);
    });
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    rig.connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const rig: TestServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ arrived: [], sockets, connections: 0 },
    on: (path, answer) => void answers.set(path, answer),
    next: (path) => new Promise((resolve) => waiting.set(path, resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return rig;
}
