/** What is sent: method, headers and body of a request, and what becomes of them when it is redirected. */

import { KronError } from "../core/errors.ts";
import type { HttpTarget } from "../core/target.ts";
import type { AttemptOrder } from "../ports.ts";
import { type Environment, hasReference, withReferences } from "./environment.ts";
import { type PlainBytes, plainBytes } from "./plain-bytes.ts";

/** A request ready to be sent. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** Names of headers that only the origin they are meant for may see. */
  readonly secretHeaders: ReadonlySet<string>;
}

const bodyTypes: Readonly<Record<"text" | "bytes" | "json", string>> = {
  text: "text/plain; charset=utf-8",
  bytes: "application/octet-stream",
  json: "application/json",
};
const credentialHeaders = ["authorization", "cookie", "proxy-authorization"];
const bodyHeaders = ["content-type", "content-length", "content-encoding", "content-language", "content-location"];

/** The request of an attempt. Throws `KRON_OPTION_INVALID` for a variable that is not set, `KRON_HTTP_FAILED` for a bad URL. */
export function httpRequest(target: HttpTarget, order: AttemptOrder, environment: Environment): HttpRequest {
  const body = bodyOf(target, order);
  const own = target.headers.map(
    ([name, value]) => [name, withReferences(value, environment, `http.headers.${name}`)] as const,
  );
  const referring = target.headers.filter(([, value]) => hasReference(value)).map(([name]) => name);
  return {
    method: target.method,
    url: parseUrl(target.url),
    headers: {
      ...{ accept: "*/*", "accept-encoding": "identity", "user-agent": "kron" },
      ...(body.kind !== "none" && { "content-type": bodyTypes[body.kind] }),
      "idempotency-key": headerText(order.idempotencyKey),
      ...Object.fromEntries(own),
      ...(body.kind !== "none" && { "content-length": String(body.bytes.length) }),
      "x-kron-timer": headerText(order.timerId),
      "x-kron-run": order.runId,
      "x-kron-attempt": String(order.attempt),
    },
    body: body.kind === "none" ? undefined : body.bytes,
    secretHeaders: new Set([...credentialHeaders, ...referring]),
  };
}

/**
 * The request that follows a redirect, as fetch has it: 303, and 301 or 302 after POST, become GET without a body.
 * Another origin gets no credentials. Undefined when the location leads nowhere that can be asked.
 */
export function redirected(request: HttpRequest, status: number, location: string): HttpRequest | undefined {
  const url = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  const { method } = request;
  const becomesGet = (status === 303 && method !== "HEAD") || ((status === 301 || status === 302) && method === "POST");
  const isElsewhere = url.origin !== request.url.origin;
  const left = Object.entries(request.headers).filter(
    ([name]) =>
      !(becomesGet && bodyHeaders.includes(name)) &&
      !(isElsewhere && (request.secretHeaders.has(name) || name === "host")),
  );
  return {
    ...request,
    ...{ url, headers: Object.fromEntries(left) },
    ...(becomesGet && { method: "GET", body: undefined }),
  };
}

/** An address without what may be secret in it: name, password, query and fragment. */
export function publicUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function bodyOf({ method, body }: HttpTarget, { payload }: AttemptOrder): PlainBytes {
  if (body !== undefined) return plainBytes(body);
  // Of these methods a body means nothing, and some servers refuse it.
  const hasBody = method !== "GET" && method !== "HEAD" && method !== "OPTIONS";
  return hasBody ? plainBytes(payload) : { kind: "none" };
}

/** Ids of timers may hold any letters; headers may not. What they may not is written as in a URL. */
function headerText(text: string): string {
  return text.replace(/[^!-$&-~]+/g, encodeURIComponent);
}

function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new KronError("KRON_HTTP_FAILED", "Expected a URL to ask, its host or port cannot be read", {
    hint: "Look at the option http.url",
  });
}
