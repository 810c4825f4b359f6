/**
 * Payloads in JSON, and back without loss: what JSON lacks is written as an object with one member.
 *
 *     { "$int64": "9007199254740993" }     a 64-bit integer (a BigInt)
 *     { "$bytes": "aGk=" }                 bytes, in base64
 *     { "$object": { … } }                 an object whose only member has one of these three names
 */

import { KronError } from "../src/core/errors.ts";
import { isPlainObject } from "../src/core/option-reader.ts";
import { payloadDepthMax } from "../src/core/payload.ts";

/** Twice what `checkPayload` lets pass, as each level may be wrapped. */
const depthMax = 2 * payloadDepthMax;

const tags: ReadonlySet<string> = new Set(["$int64", "$bytes", "$object"]);

/** `value`, which `checkPayload` has accepted, as data that JSON carries. */
export function taggedPayload(value: unknown): unknown {
  if (typeof value === "bigint") return { $int64: value.toString() };
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) {
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  if (Array.isArray(value)) return value.map(taggedPayload);
  const members = Object.entries(value).map(([name, member]) => [name, taggedPayload(member)] as const);
  const copy = Object.fromEntries(members);
  return tagOf(copy) === undefined ? copy : { $object: copy };
}

/**
 * The value that `taggedPayload` was given, from parsed JSON. Throws `KRON_PAYLOAD_INVALID` for a tag whose content is
 * not what it says; what else may stand in a payload is for `checkPayload` to judge.
 */
export function untaggedPayload(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax) throw new KronError("KRON_PAYLOAD_INVALID", `Expected a payload of at most ${depthMax} levels`);
  if (Array.isArray(value)) return value.map((element) => untaggedPayload(element, depth + 1));
  const members = value as Readonly<Record<string, unknown>>;
  switch (tagOf(members)) {
    case "$int64":
      return readInteger(members.$int64);
    case "$bytes":
      return readBytes(members.$bytes);
    case "$object":
      if (isPlainObject(members.$object)) return untaggedMembers(members.$object, depth + 1);
      throw invalid("$object", "an object");
    default:
      return untaggedMembers(members, depth);
  }
}

function tagOf(members: Readonly<Record<string, unknown>>): string | undefined {
  const [name, ...others] = Object.keys(members);
  return name !== undefined && others.length === 0 && tags.has(name) ? name : undefined;
}

/** `fromEntries` defines members, so that one named `__proto__` stays one and is refused as such. */
function untaggedMembers(members: Readonly<Record<string, unknown>>, depth: number): unknown {
  const untagged = Object.entries(members).map(([name, member]) => [name, untaggedPayload(member, depth + 1)] as const);
  return Object.fromEntries(untagged);
}

function readInteger(text: unknown): bigint {
  // Longer ones are no 64-bit integers, and need not be computed to know it.
  if (typeof text === "string" && /^-?\d{1,20}$/.test(text)) return BigInt(text);
  throw invalid("$int64", 'an integer as text, such as "42"');
}

function readBytes(text: unknown): Uint8Array {
  const bytes = typeof text === "string" ? Buffer.from(text, "base64") : undefined;
  // Node skips what is no base64; only what reads back as it was is accepted.
  if (bytes?.toString("base64") === text && bytes !== undefined) return Uint8Array.from(bytes);
  throw invalid("$bytes", "base64 with its padding");
}

function invalid(tag: string, expected: string): KronError {
  return new KronError("KRON_PAYLOAD_INVALID", `Expected ${tag} in a payload to hold ${expected}`, {
    hint: 'Wrap an object whose only member is named so: { "$object": { … } }',
  });
}
