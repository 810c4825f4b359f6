/**
 * What a supervisor tells the app it starts, in one variable of the environment. The variable is taken out as soon as
 * Kron is loaded, so that what the app starts itself is not taken for an instance of it.
 */

import { isPlainObject } from "../../core/option-reader.ts";

/** How an app finds its supervisor. */
export interface Supervision {
  readonly dataDir: string;
  /** Which of the instances it is, from 0. */
  readonly instance: number;
  /** Tells this process from others, earlier and later ones of the same instance included. */
  readonly key: string;
}

/** The variable. */
export const supervisionVariable = "KRON_SUPERVISED";

/** The variable's value. */
export function packSupervision(supervision: Supervision): string {
  return JSON.stringify(supervision);
}

/** Takes the variable out of `environment`; undefined when there is none, or none that a supervisor has written. */
export function takeSupervision(environment: NodeJS.ProcessEnv): Supervision | undefined {
  const text = environment[supervisionVariable];
  delete environment[supervisionVariable];
  if (text === undefined || text === "") return undefined;
  const value = parse(text);
  if (!isPlainObject(value)) return undefined;
  const { dataDir, instance, key } = value;
  if (typeof dataDir !== "string" || typeof instance !== "number" || typeof key !== "string") return undefined;
  return { dataDir, instance, key };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Somebody else's variable of the same name.
    return undefined;
  }
}
