/** docs/cli.md: a configuration, and a crontab. */

import type { PageSetup } from "../page-setup.ts";

/** The page's setting. */
export const setup: PageSetup = {
  setUp(scratch) {
    scratch.write(
      "/etc/kron/kron.config.mjs",
      'export default { timers: { tick: { every: "1h", command: ["true"] } } };\n',
    );
    scratch.write("crontab.txt", "*/5 * * * * /usr/bin/env echo poll\n");
  },
  stays: { "kron runtime start": /ready/ },
};
