/**
 * What may travel with a timer or come back from a run: plain data that reads back as it was written.
 *
 * Allowed are null, booleans, finite numbers, bigints of 64 bits, well-formed strings, `Uint8Array` (`Buffer`
 * included), arrays without holes, and plain objects whose keys are neither symbols nor `__proto__`,
 * `constructor` or `prototype`. Everything else is refused with the path to it: `undefined` members too, as
 * dropping them would need a copy, and `Date`, `Map`, `Set` and class instances, as their type would be lost.
 * (`-0` becomes `0`, and properties of an array that are not elements are not stored.)
 */

import { describe, quote } from "./describe.ts";
import { KronError } from "./errors.ts";
import { utf8Length } from "./utf8.ts";

/** The largest payload of a timer, in bytes of msgpack. */
export const payloadBytesMax = 256 * 1024;

/** The largest result that history keeps, in bytes of msgpack. */
export const resultBytesMax = 16 * 1024;

/**
 * The deepest nesting of arrays and objects. A frame may nest 32 levels in all; four of them are left to the
 * entry, record or message that carries the payload.
 */
export const payloadDepthMax = 28;

const plainDataHint = "Use null, booleans, numbers, strings, Uint8Array, arrays and plain objects";
const bigintMin = -(2n ** 63n);
const bigintMax = 2n ** 64n - 1n;

interface Walk {
  readonly what: string;
  readonly bytesMax: number;
  /** Bytes of what has been passed so far. */
  bytes: number;
  /** Where the walk is: keys and indexes from the outermost value. */
  readonly path: (string | number)[];
  /** The containers around the current value, the outermost first. */
  readonly around: object[];
}

/**
 * Checks that `value` is plain data as described at the head of this file, and returns how many bytes it
 * takes in the shortest msgpack form (floats with 64 bits). Nothing is encoded, copied or changed.
 *
 * `what` names the value in messages. Throws `KRON_PAYLOAD_INVALID` with the path of the first member that
 * cannot be carried, or when the size passes `bytesMax` or the nesting `payloadDepthMax`. The work is bounded by
 * `bytesMax`, whatever the value.
 */
export function checkPayload(value: unknown, what: string, bytesMax: number = payloadBytesMax): number {
  const walk: Walk = { what, bytesMax, bytes: 0, path: [], around: [] };
  visit(value, walk);
  return walk.bytes;
}

function visit(value: unknown, walk: Walk): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) add(walk, leafBytes(value, walk));
  else visitContainer(value, walk);
}

function leafBytes(value: unknown, walk: Walk): number {
  if (typeof value === "string") return textBytes(value, walk);
  if (typeof value === "boolean" || value === null) return 1;
  if (value instanceof Uint8Array) return headerBytes(value.length, 0) + value.length;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return numberBytes(value);
    throw refusal(walk, "a finite number", value);
  }
  if (typeof value !== "bigint") throw refusal(walk, "plain data", value);
  if (value >= bigintMin && value <= bigintMax) return 9;
  throw refusal(walk, "an integer of at most 64 bits", value);
}

function textBytes(text: string, walk: Walk): number {
  // A text has at least as many bytes as units, so one that is far too long need not be read.
  const bytes = text.length > walk.bytesMax ? text.length : utf8Length(text);
  if (bytes < 0) throw refusal(walk, "well-formed Unicode", text);
  return headerBytes(bytes, 32) + bytes;
}

function visitContainer(value: object, walk: Walk): void {
  if (walk.around.length === payloadDepthMax) throw tooDeep(value, walk);
  walk.around.push(value);
  if (Array.isArray(value)) visitElements(value, walk);
  else visitMembers(value as Readonly<Record<string, unknown>>, walk);
  walk.around.pop();
}

function visitElements(elements: readonly unknown[], walk: Walk): void {
  add(walk, containerBytes(elements.length));
  for (let index = 0; index < elements.length; index++) {
    walk.path.push(index);
    visit(elements[index], walk);
    walk.path.pop();
  }
}

function visitMembers(members: Readonly<Record<string, unknown>>, walk: Walk): void {
  if (!isPlain(members)) throw refusal(walk, "plain data", members);
  if (Object.getOwnPropertySymbols(members).length > 0)
    throw problem(walk, "to have no symbols as keys", plainDataHint);
  const keys = Object.keys(members);
  add(walk, containerBytes(keys.length));
  for (const key of keys) {
    walk.path.push(key);
    if (key === "__proto__" || key === "constructor" || key === "prototype")
      throw problem(walk, "to have another name", "Some languages and libraries treat this name as special");
    add(walk, textBytes(key, walk));
    visit(members[key], walk);
    walk.path.pop();
  }
}

/** Whether an object is a literal or without a prototype, in this realm or another. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function add(walk: Walk, bytes: number): void {
  walk.bytes += bytes;
  if (walk.bytes <= walk.bytesMax) return;
  throw new KronError(
    "KRON_PAYLOAD_INVALID",
    `Expected ${walk.what} to take at most ${walk.bytesMax} bytes, got more`,
    {
      hint: "Keep large data in a store of its own and pass a reference to it",
      details: { path: pathText(walk), bytesMax: walk.bytesMax },
    },
  );
}

function numberBytes(value: number): number {
  if (!Number.isInteger(value) || value > 0xffffffff || value < -0x80000000) return 9;
  if (value >= 0) return value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : 5;
  return value >= -0x20 ? 1 : value >= -0x80 ? 2 : value >= -0x8000 ? 3 : 5;
}

/** Bytes in front of a text or binary; lengths below `shortMax` share the first byte with the type. */
function headerBytes(length: number, shortMax: number): number {
  return length < shortMax ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

function containerBytes(count: number): number {
  return count < 16 ? 1 : count < 0x10000 ? 3 : 5;
}

function tooDeep(value: object, walk: Walk): KronError {
  // A value that contains itself is endlessly deep, so this is where it is found out.
  const around = [...walk.around, value];
  const again = around.findIndex((one, index) => around.indexOf(one) < index);
  if (again < 0) return problem(walk, `to nest at most ${payloadDepthMax} levels deep`, "Keep the data flatter");
  walk.path.length = again;
  return problem(
    walk,
    "not to be an object that contains it",
    "Break the cycle, for instance by ids in place of objects",
  );
}

function refusal(walk: Walk, expected: string, got: unknown): KronError {
  return problem(walk, `to be ${expected}, got ${describe(got)}`, hintFor(got));
}

function problem(walk: Walk, expected: string, hint: string): KronError {
  const path = pathText(walk);
  return new KronError("KRON_PAYLOAD_INVALID", `Expected ${path} ${expected}`, { hint, details: { path } });
}

function hintFor(got: unknown): string {
  switch (describe(got)) {
    case "undefined":
      return "Leave the member out, or use null";
    case "a Date":
      return "Use toISOString() or getTime()";
    case "a Map":
      return "Use Object.fromEntries(map)";
    case "a Set":
      return "Use [...set]";
    default:
      return plainDataHint;
  }
}

/** The place of the walk as it would be written in code: `payload.items[3].fn`. */
function pathText(walk: Walk): string {
  // Keys may be long; `quote` cuts those that would not fit a line.
  return walk.path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return /^[A-Za-z_$][\w$]{0,59}$/.test(step) ? `${text}.${step}` : `${text}[${quote(step)}]`;
  }, walk.what);
}
