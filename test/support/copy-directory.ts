/** Copies of data directories, private as those are: not every version of Node gives a copied directory its mode. */

import { chmodSync, cpSync, lstatSync } from "node:fs";

/** Copies a flat directory to where nothing is, all but the socket of a runtime, which cannot be copied. */
export function copyDirectory(from: string, to: string): void {
  const filter = (path: string): boolean => !lstatSync(path).isSocket();
  cpSync(from, to, { recursive: true, preserveTimestamps: true, filter });
  chmodSync(to, 0o700);
}
