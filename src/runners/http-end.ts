/** What an answer, or the lack of one, means for the attempt. */

import type { IncomingHttpHeaders } from "node:http";
import { KronError } from "../core/errors.ts";
import { checkPayload } from "../core/payload.ts";
import type { HttpTarget } from "../core/target.ts";
import type { AttemptEnd } from "../ports.ts";
import { type HttpRequest, publicUrl } from "./http-request.ts";

/** An answer with as much of its body as is read. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** There is more of the body than was read. */
  readonly isCut: boolean;
}

/** Bytes of a body that are read; what follows is not waited for. */
export const bodyReadMax = 64 * 1024;
/** Of the body in a result, in msgpack; with the headers it has to fit into 16 KiB. */
const bodyKeptMax = 14 * 1024;
/** Of the body in the details of a failure, which have to fit into 2 KiB. */
const bodyFailedMax = 1_536;
const headerCharsMax = 200;
/** What is kept of the headers: nothing that could be a secret. */
const headersKept = ["content-type", "content-length", "date", "etag", "location", "retry-after", "x-request-id"];

/** The end of an attempt whose request was answered. */
export function answered(target: HttpTarget, request: HttpRequest, answer: HttpAnswer): AttemptEnd {
  const { status } = answer;
  const headers = keptHeaders(answer.headers);
  if (target.success.some(([from, to]) => status >= from && status <= to)) {
    return { kind: "succeeded", result: { status, headers, ...keptBody(answer) } };
  }
  const expected = target.success.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
  const message = `Expected status ${expected} from ${request.method} ${publicUrl(request.url)}, got ${status}`;
  const retryAfter = headers["retry-after"];
  const details = { status, ...(retryAfter !== undefined && { retryAfter }), ...textOf(answer, bodyFailedMax) };
  return { kind: "failed", error: new KronError("KRON_HTTP_FAILED", message, { details }) };
}

/** The end of an attempt whose request failed: `cause` says why. */
export function unanswered(request: HttpRequest, cause: unknown): AttemptEnd {
  const code = codeOf(cause);
  const why = code ?? (cause instanceof Error ? cause.message : String(cause));
  const message = `Expected an answer to ${request.method} ${publicUrl(request.url)}, got ${why}`;
  const hint = hintFor(code);
  const error = new KronError("KRON_HTTP_FAILED", message, {
    ...{ cause, details: { cause: code ?? null } },
    ...(hint !== undefined && { hint }),
  });
  return { kind: "failed", error };
}

/** The end of an attempt that was redirected too often, or to nowhere. */
export function misdirected(request: HttpRequest, status: number, why: string): AttemptEnd {
  const message = `Expected an answer to ${request.method} ${publicUrl(request.url)}, got status ${status} and ${why}`;
  return { kind: "failed", error: new KronError("KRON_HTTP_FAILED", message, { details: { status } }) };
}

function codeOf(cause: unknown): string | undefined {
  const { code } = cause as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

function hintFor(code: string | undefined): string | undefined {
  switch (code) {
    case "ECONNREFUSED":
      return "Nothing listens there: look at host and port";
    case "ENOTFOUND":
      return "The name of the host is not known here";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "Set NODE_EXTRA_CA_CERTS to the certificate of the authority that signed the server's";
    default:
      return undefined;
  }
}

function keptHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of headersKept) {
    const value = headers[name];
    // A location may carry what may not be shown, in its query.
    const text = name === "location" ? String(value).replace(/[?#].*$/s, "") : String(value);
    if (value !== undefined) kept[name] = text.slice(0, headerCharsMax);
  }
  return kept;
}

/** The body as its type says, where it fits into a result; otherwise the beginning of its text. */
function keptBody(answer: HttpAnswer): Readonly<Record<string, unknown>> {
  if (answer.body.length === 0) return {};
  const isJson = /^application\/([\w.+-]+\+)?json\b/i.test(answer.headers["content-type"] ?? "");
  const value = isJson && !answer.isCut ? parsed(answer.body.toString("utf8")) : undefined;
  return value === undefined ? textOf(answer, bodyKeptMax) : { body: value };
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    checkPayload(value, "body", bodyKeptMax);
    return value;
  } catch {
    // No JSON after all, or none that history can hold: then it is kept as text.
    return undefined;
  }
}

/** The beginning of the body as text, and whether something is missing. */
function textOf({ body, isCut }: HttpAnswer, bytesMax: number): Readonly<Record<string, unknown>> {
  let end = Math.min(body.length, bytesMax);
  // A character that is cut in two is left out: bytes after its first one are 10xxxxxx.
  while (end < body.length && end > 0 && ((body[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  // What is no UTF-8 becomes U+FFFD, of three bytes each.
  const text = body.toString("utf8", 0, end).slice(0, bytesMax);
  const fits = Buffer.byteLength(text) <= bytesMax ? text : text.slice(0, Math.floor(bytesMax / 3));
  return { body: fits, ...((isCut || fits.length < body.toString("utf8").length) && { isBodyCut: true }) };
}
