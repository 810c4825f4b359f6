/** README.md: its first block is the application that is looked at and supervised below. */

import { repositoryPath } from "../../tooling/source-files.ts";
import type { PageSetup } from "../page-setup.ts";
import type { Scratch } from "../scratch.ts";

/** The page's setting. */
export const setup: PageSetup = {
  // What `npm start` leaves behind.
  async setUp(scratch: Scratch) {
    await scratch.start(`node "${repositoryPath("dist/examples/demo.js")}"`);
    await scratch.stop();
  },
  before: {
    "npx kron job list   ": (scratch) => scratch.start("node app.js"),
    "npx kron supervise app.js": (scratch) => scratch.stop(),
  },
  stays: {
    "npx kron events -f": /^/,
    "npx kron supervise app.js": /ready/,
  },
};
