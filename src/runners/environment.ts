/**
 * Variables: what of the runtime's own environment its children see, and references such as `${env:TOKEN}` in
 * definitions, which are read at each attempt so that secrets need not stand in the journal.
 */

import { KronError } from "../core/errors.ts";

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What belongs to Kron itself and is nobody else's business: tokens, and how to reach the supervisor. */
const ownPattern = /^KRON_(TOKEN|SUPERVISOR)/i;
// `$${env:NAME}` stands for the text `${env:NAME}`.
const referencePattern = /\$?\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** `environment` without what belongs to Kron itself. */
export function visibleTo(environment: Environment): Record<string, string> {
  const visible: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !ownPattern.test(name)) visible[name] = value;
  }
  return visible;
}

/** Whether `text` refers to a variable. */
export function hasReference(text: string): boolean {
  return [...text.matchAll(referencePattern)].some(([reference]) => !reference.startsWith("$$"));
}

/** `text` with its references replaced; `what` names it in the `KRON_OPTION_INVALID` for a variable that is not set. */
export function withReferences(text: string, environment: Environment, what: string): string {
  return text.replace(referencePattern, (reference, name: string) => {
    if (reference.startsWith("$$")) return reference.slice(1);
    const value = ownPattern.test(name) ? undefined : environment[name];
    if (value !== undefined) return value;
    throw new KronError("KRON_OPTION_INVALID", `Expected ${name} in the environment of the runtime, it is not set`, {
      hint: `${what} refers to it: set it where the runtime is started`,
      details: { variable: name, option: what },
    });
  });
}
