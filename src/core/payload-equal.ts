/** Whether two payloads mean the same, so that scheduling an unchanged timer again changes nothing. */

/** Deep equality of plain data: null and undefined are one, bytes compare by value, key order does not matter. */
export function isEqualPayload(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || a === undefined) return b === null || b === undefined;
  if (typeof a !== "object" || typeof b !== "object" || b === null) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) return isEqualBytes(a, b);
  if (Array.isArray(a) || Array.isArray(b)) return isEqualArray(a, b);
  return isEqualObject(a as Record<string, unknown>, b as Record<string, unknown>);
}

function isEqualBytes(a: object, b: object): boolean {
  if (!(a instanceof Uint8Array && b instanceof Uint8Array) || a.length !== b.length) return false;
  return a.every((byte, i) => byte === b[i]);
}

function isEqualArray(a: object, b: object): boolean {
  if (!(Array.isArray(a) && Array.isArray(b)) || a.length !== b.length) return false;
  return a.every((item, i) => isEqualPayload(item, b[i]));
}

function isEqualObject(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isEqualPayload(a[key], b[key]));
}
