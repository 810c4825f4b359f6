/** Copies of data directories, private as those are: not every version of Node gives a copied directory its mode. */

import { chmodSync, cpSync } from "node:fs";

/** Copies a flat directory to where nothing is. */
export function copyDirectory(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  chmodSync(to, 0o700);
}
