/** The option `http`: a request that a timer makes. */

import { describe, quote } from "./describe.ts";
import { KronError } from "./errors.ts";
import { isPlainObject, optionError, type RawOptions, readChoice, readOptions, readText } from "./option-reader.ts";
import { checkPayload } from "./payload.ts";
import { type HttpTarget, httpMethods } from "./target.ts";
import { utf8Length } from "./utf8.ts";

/** A request, as the option `http` takes it. */
export interface HttpOptions {
  /** `http:` or `https:`, without user name and password; those belong into the header `authorization`. */
  readonly url: string;
  /** GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS; default GET, or POST where there is a body. */
  readonly method?: string | undefined;
  /** Names in any case, each once. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A text as it is, other plain data as JSON; default the payload, where the method has a body. */
  readonly body?: unknown;
  /** Which status codes are a success: `"2xx"` (the default), `"200-299"`, a number, or a list of these. */
  readonly success?: number | string | readonly (number | string)[] | undefined;
}

const names: ReadonlySet<string> = new Set(["url", "method", "headers", "body", "success"]);
const methodsWithoutBody: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const textLengthMax = 4_096;
const headersMax = 100;
const rangesMax = 100;
/** Headers that follow from the request itself, and those that name the run. */
const ownHeaders =
  /^(connection|content-length|expect|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|x-kron-.*)$/;

/** Reads the option; throws `KRON_OPTION_INVALID` naming what is wrong, or `KRON_PAYLOAD_INVALID` for the body. */
export function readHttp(value: unknown): HttpTarget {
  const raw: RawOptions = typeof value === "string" ? { url: value } : readOptions(value, "http", "http.", names);
  const { headers, success } = raw;
  const body = raw.body === undefined ? undefined : readBody(raw.body);
  return {
    kind: "http",
    method: readMethod(raw.method, body),
    url: readUrl(raw.url),
    headers: headers === undefined ? [] : readHeaders(headers),
    body,
    success: success === undefined ? [[200, 299]] : readSuccess(success),
  };
}

function readMethod(value: unknown, body: unknown): string {
  if (value === undefined) return body === undefined ? "GET" : "POST";
  const method = readChoice(value, "http.method", httpMethods);
  if (body === undefined || !methodsWithoutBody.has(method)) return method;
  throw optionError("http.body", `Expected http.body only with a method that has a body, got it with ${method}`);
}

/** Only what every client reads alike. What is wrong with it is said without repeating it, as it may hold a secret. */
function readUrl(value: unknown): string {
  const text = readText(value, "http.url", textLengthMax);
  const [, authority] = /^https?:\/\/([^/?#]*)/i.exec(text) ?? [];
  if (authority === undefined || /[\s\\\p{Cc}]/u.test(text) || utf8Length(text) < 0)
    throw optionError("http.url", "Expected http.url to begin with http:// or https:// and to have no blanks");
  if (authority.includes("@"))
    throw optionError(
      "http.url",
      "Expected http.url to be without user name and password",
      'Write headers: { authorization: "Basic …" }',
    );
  const [, host, port = ""] = /^(\[[\d.:A-Fa-f]+\]|[^:[\]<>^|%]+)(?::(\d{0,5}))?$/.exec(authority) ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw optionError("http.url", `Expected http.url to name a host, got ${describe(authority)}`);
  return text;
}

function readHeaders(value: unknown): [string, string][] {
  if (!isPlainObject(value))
    throw optionError("http.headers", `Expected http.headers to be a plain object, got ${describe(value)}`);
  const given = Object.entries(value);
  if (given.length > headersMax)
    throw optionError("http.headers", `Expected at most ${headersMax} members of http.headers, got ${given.length}`);
  const headers = new Map<string, string>();
  for (const [name, text] of given) {
    const key = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,200}$/.test(key) || key === "__proto__")
      throw optionError("http.headers", `Expected names of headers in http.headers, got ${describe(name)}`);
    if (ownHeaders.test(key))
      throw optionError("http.headers", `Expected no header ${key} in http.headers, as it follows from the request`);
    if (headers.has(key)) throw optionError("http.headers", `Expected each header once, got ${key} twice`);
    headers.set(key, readHeaderText(text, `http.headers.${key}`));
  }
  return [...headers];
}

/** What it holds is not repeated, as it may be secret. */
function readHeaderText(value: unknown, what: string): string {
  if (typeof value !== "string") throw optionError(what, `Expected ${what} to be a text, got ${describe(value)}`);
  if (value.length <= textLengthMax && !/[^\t\x20-\x7e\x80-\xff]/.test(value)) return value;
  throw optionError(
    what,
    `Expected ${what} to be a text on one line of at most ${textLengthMax} characters of Latin-1, got another one`,
  );
}

/** A copy, as the caller's own may change later. */
function readBody(value: unknown): unknown {
  checkPayload(value, "http.body");
  return jsonCopy(value, "http.body");
}

/** What JSON carries of plain data. Not by way of its text, as a `toJSON` could say something else there. */
function jsonCopy(value: unknown, path: string): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  // JSON has no -0.
  if (typeof value === "number") return value + 0;
  if (typeof value !== "object" || value instanceof Uint8Array) throw notJson(value, path);
  if (Array.isArray(value)) return value.map((element, index) => jsonCopy(element, `${path}[${index}]`));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonCopy(member, `${path}.${key}`)]));
}

function notJson(value: unknown, path: string): KronError {
  return new KronError("KRON_PAYLOAD_INVALID", `Expected ${quote(path)} to be JSON data, got ${describe(value)}`, {
    hint: "Write integers as texts, and bytes as base64",
    details: { path },
  });
}

function readSuccess(value: unknown): [number, number][] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > rangesMax)
    throw optionError("http.success", `Expected 1 to ${rangesMax} codes in http.success, got ${list.length}`);
  // Not `map`, which passes over holes.
  return Array.from(list, readRange);
}

function readRange(value: unknown): [number, number] {
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  const [, family] = /^([1-5])xx$/.exec(text) ?? [];
  if (family !== undefined) return [Number(family) * 100, Number(family) * 100 + 99];
  const [, from = "", to = from] = /^(\d{3})(?:-(\d{3}))?$/.exec(text) ?? [];
  const [low, high] = [Number(from), Number(to)];
  if (low >= 100 && low <= high && high <= 599) return [low, high];
  throw optionError(
    "http.success",
    `Expected http.success to be codes such as 200, "2xx" or "200-204", got ${describe(value)}`,
  );
}
