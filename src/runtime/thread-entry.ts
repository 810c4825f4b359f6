/** Where threads of modules begin. */

import { fileURLToPath } from "node:url";

/** The path of `module-thread-entry.cts`, built. */
export const threadEntry = fileURLToPath(new URL("./module-thread-entry.cjs", import.meta.url));
