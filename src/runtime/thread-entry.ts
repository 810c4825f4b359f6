/** Where threads of modules begin. */

import { fileURLToPath } from "node:url";

/** The path of `module-thread-main.ts`, built. */
export const threadEntry = fileURLToPath(new URL("./module-thread-main.js", import.meta.url));
