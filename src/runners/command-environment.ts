/** The environment that a command is started with. */

import { formatInstant } from "../core/instant.ts";
import type { CommandTarget } from "../core/target.ts";
import type { AttemptOrder } from "../ports.ts";
import { type Environment, visibleTo, withReferences } from "./environment.ts";

/** The runtime's own variables without its secrets, those of the target over them, and what there is to know of the run. */
export function commandEnvironment(
  target: CommandTarget,
  order: AttemptOrder,
  environment: Environment,
): Record<string, string> {
  const variables = visibleTo(environment);
  for (const [name, text] of Object.entries(target.env)) {
    variables[name] = withReferences(text, environment, `env.${name}`);
  }
  return { ...variables, ...runVariables(order) };
}

function runVariables(order: AttemptOrder): Record<string, string> {
  return {
    KRON_TIMER_ID: order.timerId,
    KRON_RUN_ID: order.runId,
    KRON_ATTEMPT: String(order.attempt),
    KRON_MAX_ATTEMPTS: String(order.maxAttempts),
    KRON_IS_MANUAL: order.isManual ? "1" : "0",
    KRON_SCHEDULED_AT: formatInstant(order.scheduledAtMs),
    KRON_DUE_AT: formatInstant(order.dueAtMs),
    KRON_STARTED_AT: formatInstant(order.startedAtMs),
    KRON_MISSED_COUNT: String(order.missedCount),
    KRON_IDEMPOTENCY_KEY: order.idempotencyKey,
    KRON_FENCING_TOKEN: String(order.fencingToken),
  };
}
