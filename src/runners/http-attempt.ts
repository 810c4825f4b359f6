/** One attempt of a request: it is sent, redirects are followed, and the answer is read as far as it is kept. */

import { type Agent, type ClientRequest, request as httpRequestTo, type IncomingMessage } from "node:http";
import { request as httpsRequestTo, type Agent as SecureAgent } from "node:https";
import { KronError } from "../core/errors.ts";
import type { HttpTarget } from "../core/target.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder } from "../ports.ts";
import type { Environment } from "./environment.ts";
import { answered, bodyReadMax, misdirected, unanswered } from "./http-end.ts";
import { type HttpRequest, httpRequest, redirected } from "./http-request.ts";

/** What requests need. */
export interface HttpParts {
  readonly agent: Agent;
  readonly secureAgent: SecureAgent;
  /** The environment of the runtime, asked for at each attempt. */
  readonly environment: () => Environment;
  /** How long nothing may come before a request is given up, whatever the timeout of the timer. */
  readonly idleMs: number;
}

const redirectsMax = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Methods of which a second request does what the first did (RFC 9110, 9.2.2). */
const repeatableMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);

/** A request being made. */
export class HttpAttempt implements AttemptHandle {
  readonly #parts: HttpParts;
  readonly #target: HttpTarget;
  readonly #done: (end: AttemptEnd) => void;
  /** All requests of this attempt: more than one when it was redirected. */
  readonly #sent: ClientRequest[] = [];
  #redirects = 0;
  #isOver = false;

  constructor(parts: HttpParts, target: HttpTarget, done: (end: AttemptEnd) => void) {
    this.#parts = parts;
    this.#target = target;
    this.#done = done;
  }

  /** Sends the request. `done` may be called before this returns. */
  start(order: AttemptOrder): void {
    try {
      this.#send(httpRequest(this.#target, order, this.#parts.environment()));
    } catch (error) {
      this.#finish({ kind: "failed", error });
    }
  }

  /** A request can be given up at any time: its connection is closed. */
  abort(reason: Error): void {
    this.#finish({ kind: "failed", error: reason });
  }

  /** The same, for want of a reason. */
  terminate(): void {
    this.abort(new KronError("KRON_STOPPED", "The request was given up"));
  }

  #send(request: HttpRequest): void {
    try {
      this.#listen(request, this.#begin(request));
    } catch (error) {
      // A header with a value that no header can have, for instance from a variable.
      this.#finish(unanswered(request, error));
    }
  }

  #begin({ method, url, headers, body }: HttpRequest): ClientRequest {
    const { agent, secureAgent, idleMs } = this.#parts;
    const options = { method, headers, timeout: idleMs };
    const sent =
      url.protocol === "https:"
        ? httpsRequestTo(url, { ...options, agent: secureAgent })
        : httpRequestTo(url, { ...options, agent });
    this.#sent.push(sent);
    sent.end(body);
    return sent;
  }

  #listen(request: HttpRequest, sent: ClientRequest): void {
    let isAnswered = false;
    sent.once("response", (response) => {
      isAnswered = true;
      this.#receive(request, response);
    });
    sent.once("timeout", () => sent.destroy(new IdleError(`Nothing came for ${this.#parts.idleMs} ms`)));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      if (this.#isOver || sent !== this.#sent.at(-1)) return;
      // The server closed a connection that was kept, just as it was used again: that is nobody's failure.
      const isStale = sent.reusedSocket && !isAnswered && (error.code === "ECONNRESET" || error.code === "EPIPE");
      if (isStale && repeatableMethods.has(request.method)) this.#send(request);
      else this.#finish(unanswered(request, error));
    });
  }

  #receive(request: HttpRequest, response: IncomingMessage): void {
    if (this.#isOver) return;
    const { statusCode: status = 0, headers } = response;
    if (redirectStatuses.has(status) && headers.location !== undefined && !this.#accepts(status)) {
      this.#follow(request, response, status, headers.location);
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (isCut: boolean): void => {
      const body = Buffer.concat(chunks).subarray(0, bodyReadMax);
      this.#finish(answered(this.#target, request, { status, headers, body, isCut }));
    };
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > bodyReadMax) finish(true);
    });
    response.once("end", () => finish(false));
    response.on("error", (error) => this.#finish(unanswered(request, error)));
  }

  #follow(request: HttpRequest, response: IncomingMessage, status: number, location: string): void {
    // The connection is free again once the body, of which nothing is wanted, has been read; if it ends in time.
    response.on("error", () => undefined);
    response.resume();
    this.#redirects += 1;
    const next = redirected(request, status, location);
    if (next === undefined) this.#finish(misdirected(request, status, "no address that can be asked"));
    else if (this.#redirects > redirectsMax)
      this.#finish(misdirected(request, status, `more than ${redirectsMax} redirects`));
    else this.#send(next);
  }

  /** A timer may count a redirect as success; then it is not followed. */
  #accepts(status: number): boolean {
    return this.#target.success.some(([from, to]) => status >= from && status <= to);
  }

  #finish(end: AttemptEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Where the answer was read to its end this does nothing, and the connection is kept.
    for (const sent of this.#sent) sent.destroy();
    this.#done(end);
  }
}

class IdleError extends Error {
  readonly code = "ETIMEDOUT";
}
