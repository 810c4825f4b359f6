/** What applications send to the runtime that they are attached to: packed there, read and checked here. */

import { decodeDefinition, definitionKey, encodeDefinition } from "../core/definition.ts";
import { isKronError, KronError } from "../core/errors.ts";
import { isPlainObject } from "../core/option-reader.ts";
import { checkPayload } from "../core/payload.ts";
import { copyPayload } from "../core/payload-copy.ts";
import { parseTimerId } from "../core/timer-id.ts";
import type { Registration } from "../supervisor/commands.ts";

/** Who attaches. Both are there when the process was started by the runtime it attaches to. */
export interface AppRequest {
  readonly key: string | undefined;
  readonly instance: number | undefined;
}

/** Ids in one `app.register`. */
export const idsMax = 5_000;

/** A registration as it travels: `[id, definition, atMs, payload, askedAtMs]`. */
export function packRegistration(registration: Registration): readonly unknown[] {
  const { id, definition, atMs, payload, askedAtMs } = registration;
  return [id, encodeDefinition(definition), atMs ?? null, payload ?? null, askedAtMs];
}

/** Reads a registration. Throws `KRON_IPC_PROTOCOL`, `KRON_ID_INVALID` or `KRON_PAYLOAD_INVALID`. */
export function readRegistration(params: unknown): Registration {
  if (!Array.isArray(params) || params.length < 5) throw refusal();
  const [id, encoded, atMs, payload, askedAtMs] = params as readonly unknown[];
  if (atMs !== null && !isInstant(atMs)) throw refusal();
  if (!isInstant(askedAtMs)) throw refusal();
  const definition = readDefinition(encoded);
  return {
    id: parseTimerId(id),
    definition,
    key: definitionKey(definition),
    atMs: atMs ?? undefined,
    payload: copyPayload(payload),
    payloadBytes: payload === null ? 0 : checkPayload(payload, "payload"),
    askedAtMs,
  };
}

/** Reads who attaches. Throws `KRON_IPC_PROTOCOL`. */
export function readAttach(params: unknown): AppRequest {
  if (params === null) return { key: undefined, instance: undefined };
  if (!isPlainObject(params)) throw refusal();
  const { key, instance } = params;
  if (typeof key !== "string" || key.length > 100 || typeof instance !== "number") throw refusal();
  return { key, instance };
}

/** Reads the ids of timers. Throws `KRON_IPC_PROTOCOL`. */
export function readIds(params: unknown): readonly string[] {
  const ids = isPlainObject(params) ? params.ids : undefined;
  if (!Array.isArray(ids) || ids.length > idsMax || !ids.every((id) => typeof id === "string")) throw refusal();
  return ids as readonly string[];
}

function readDefinition(encoded: unknown) {
  try {
    return decodeDefinition(encoded);
  } catch (error) {
    if (!isKronError(error)) throw error;
    throw refusal(error);
  }
}

function isInstant(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function refusal(cause?: KronError): KronError {
  const why = cause === undefined ? "" : ` (${cause.message})`;
  return new KronError("KRON_IPC_PROTOCOL", `Expected a request of an app as this version knows it${why}`, {
    hint: "Use the same version of Kron on both sides",
    ...(cause !== undefined && { cause }),
  });
}
