/** What becomes of an app, as lines for people. */

import { formatDuration } from "../../core/duration.ts";
import type { ChildReport } from "../../supervisor/child.ts";
import { exitText } from "../../supervisor/child-driver.ts";

/** One line. */
export function reportText(instance: number, report: ChildReport, pid: number | undefined): string {
  const who = pid === undefined ? `app-${instance}` : `app-${instance} (pid ${pid})`;
  switch (report.what) {
    case "ready":
      return `${who} is ready`;
    case "exited":
      return `app-${instance} has ended: ${exitText(report.exit)}`;
    case "restarting":
      return report.delayMs === 0
        ? `app-${instance} is started again`
        : `app-${instance} is started again in ${formatDuration(report.delayMs)}, after ${report.failures} failures`;
    case "not-ready":
      return `${who} was not ready within ${formatDuration(report.timeoutMs)}, and is ended`;
    case "memory-high":
      return `${who} takes ${Math.round(report.bytes / 1024 ** 2)} MiB of memory, and is reloaded`;
    case "reloaded":
      return `${who} is ready, and has taken the place of the one before`;
    case "reload-failed":
      return `app-${instance} was not reloaded: ${whyNot(report.reason)}`;
    case "killed":
      return `${who} did not end when asked, and is killed`;
    case "failed":
      return report.reason === "too-often"
        ? `app-${instance} has failed too often and is given up`
        : `app-${instance} has failed and is not started again`;
    default:
      return `app-${instance} is stopped`;
  }
}

function whyNot(reason: Extract<ChildReport, { what: "reload-failed" }>["reason"]): string {
  switch (reason.kind) {
    case "exited":
      return `the new one has ended, ${exitText(reason.exit)}`;
    case "not-ready":
      return `the new one was not ready within ${formatDuration(reason.timeoutMs)}`;
    default:
      return "it is not running";
  }
}
