/** Payloads as the bytes that programs and servers are given. */

/** `value` as bytes: a text and bytes as they are, other plain data as JSON; undefined for nothing. */
export type PlainBytes =
  | { readonly kind: "text" | "bytes" | "json"; readonly bytes: Uint8Array }
  | { readonly kind: "none" };

/** What goes to a program or a server for `value`, which must be plain data. */
export function plainBytes(value: unknown): PlainBytes {
  if (value === undefined || value === null) return { kind: "none" };
  if (typeof value === "string") return { kind: "text", bytes: Buffer.from(value, "utf8") };
  if (value instanceof Uint8Array) return { kind: "bytes", bytes: value };
  return { kind: "json", bytes: Buffer.from(JSON.stringify(value, jsonValue), "utf8") };
}

/** What JSON lacks: 64-bit integers become texts, bytes become base64. */
function jsonValue(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  // A Buffer has turned itself into something else before it is asked for here.
  const given = (this as Readonly<Record<string, unknown>>)[key];
  return given instanceof Uint8Array ? Buffer.from(given).toString("base64") : value;
}
