/**
 * Assertions are for what cannot happen. They stay on in production: a process whose own reasoning has
 * failed must stop before it acknowledges anything more.
 */

/** Raised when the program itself is wrong; never caught in order to carry on. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(`Assertion failed: ${message}`);
    this.name = "AssertionError";
  }
}

/** Ends the current work unless `condition` holds. `message` says what should have been true. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a branch that the types rule out; the last line of every `switch` over a union. */
export function unreachable(value: never): never {
  throw new AssertionError(`Unexpected value ${String(value)}`);
}
