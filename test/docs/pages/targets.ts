/** docs/targets.md: what timers execute. */

import type { PageSetup } from "../page-setup.ts";

/** One customer of a hundred thousand. */
export const customer = "7";
/** When all of them have their report. */
export const cron = "0 6 * * *";

/** The page's setting. */
export const setup: PageSetup = {
  untriggered: { "report:7": "its module is not shown" },
};
