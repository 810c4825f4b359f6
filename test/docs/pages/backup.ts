/** docs/backup.md: two directories with a timer each. */

import type { PageSetup } from "../page-setup.ts";

/** The page's setting. */
export const setup: PageSetup = {
  async setUp(scratch) {
    for (const path of ["/var/lib/app/.kron", "old"]) {
      await scratch.run(`mkdir -p /backups/ && kron job add nightly --cron "30 3 * * *" --data-dir ${path} -- true`);
    }
  },
  before: {
    "kron restore /backups/": async (scratch) => {
      await scratch.run("rm -r /var/lib/app/.kron");
    },
  },
};
