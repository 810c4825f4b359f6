/** Takes plain data over from its owner: what the state holds must not change when the caller's object does. */

/** A frozen deep copy of data that `checkPayload` has accepted. Bytes are copied too, but cannot be frozen. */
export function copyPayload(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return Object.freeze(value.map(copyPayload));
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) copy[key] = copyPayload(member);
  return Object.freeze(copy);
}
