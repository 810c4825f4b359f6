/** Makes requests: each attempt is one, see `http-attempt.ts`. Connections are kept for a while and closed at the end. */

import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { assert } from "../core/assert.ts";
import type { AttemptEnd, AttemptHandle, AttemptOrder, TargetRunner } from "../ports.ts";
import type { Environment } from "./environment.ts";
import { HttpAttempt, type HttpParts } from "./http-attempt.ts";

/** What the runner of requests needs. */
export interface HttpRunnerParts {
  /** The environment of the runtime, asked for at each attempt. */
  readonly environment: () => Environment;
  /** How long nothing may come before a request is given up; default 5 minutes. */
  readonly idleMs?: number;
}

const idleMsDefault = 300_000;
// Servers close connections that were idle for 5 s or more; this side does it first, where it is not told when.
const agentOptions = { keepAlive: true, maxFreeSockets: 16, timeout: 4_000 } as const;

/** Executes targets of the kind `http`. */
export class HttpRunner implements TargetRunner {
  readonly #parts: HttpParts;
  readonly #attempts = new Set<HttpAttempt>();

  constructor({ environment, idleMs = idleMsDefault }: HttpRunnerParts) {
    this.#parts = {
      ...{ environment, idleMs },
      agent: new Agent(agentOptions),
      secureAgent: new SecureAgent(agentOptions),
    };
  }

  start(order: AttemptOrder, done: (end: AttemptEnd) => void): AttemptHandle {
    const { target } = order;
    assert(target.kind === "http", "the runner of requests is given requests");
    const attempt = new HttpAttempt(this.#parts, target, (end) => {
      this.#attempts.delete(attempt);
      done(end);
    });
    this.#attempts.add(attempt);
    attempt.start(order);
    return attempt;
  }

  close(): Promise<void> {
    for (const attempt of this.#attempts) attempt.terminate();
    this.#parts.agent.destroy();
    this.#parts.secureAgent.destroy();
    return Promise.resolve();
  }
}
