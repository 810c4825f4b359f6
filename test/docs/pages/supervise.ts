/** docs/supervise.md: an application, and a runtime that another process joins. */

import type { PageSetup } from "../page-setup.ts";

const app = `
import { kron } from "kron-scheduler";
await kron.schedule("report", { every: "1h" }, () => undefined);
await kron.start();
`;

/** Makes an image smaller. */
export function resize(): void {
  // What it does is the application's business.
}

/** The page's setting. */
export const setup: PageSetup = {
  setUp: (scratch) => scratch.write("app.js", app),
  before: {
    "const kron = new Kron({ dataDir": (scratch) => scratch.start("kron runtime start --data-dir /var/lib/app/.kron"),
  },
  stays: { "kron supervise app.js": /ready/ },
};
