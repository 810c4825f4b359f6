/** `kron runtime status`: what the runtime of a directory is doing. */

import { Zones } from "../../src/core/zone.ts";
import type { RuntimeStatus } from "../../src/runtime/service/runtime-methods.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import { type CommandContext, jsonVersion } from "../context.ts";
import { displayZone } from "../display-zone.ts";
import { ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { type LabelledText, printLabelled } from "../labelled-lines.ts";
import { bytesText } from "../numbers.ts";
import { printable } from "../printable.ts";
import { fullTime } from "../times.ts";
import { withLive } from "./live.ts";

/** Prints it. Exits with 4 when there is none. */
export function runtimeStatus(context: CommandContext): Promise<ExitCodeValue> {
  return withLive(context, ({ status }) => {
    const { output, dataDir } = context;
    if (output.options.isJson) {
      const { dataDir: _same, ...runtime } = status;
      output.json({ version: jsonVersion, command: "runtime status", dataDir, runtime });
    } else {
      printLabelled(output, lines(context, status), labelWidth);
    }
    return Promise.resolve(ExitCode.OK);
  });
}

const labelWidth = 13;

function lines(context: CommandContext, status: RuntimeStatus): LabelledText[] {
  const { state, mode, pid, version, startedAtMs, timers, running, concurrency, waiting, due, abandoned } = status;
  const zone = displayZone(context, new Zones(intlOffsetSource()));
  const result: LabelledText[] = [
    ["state", status.isWritable ? state : `${state}, and the disk is full: changes are refused`],
    ["process", `${pid}, ${mode}, Kron ${printable(version)}`],
    ["data_dir", printable(status.dataDir)],
    ["started", fullTime(startedAtMs, zone, context.nowMs)],
    ["timers", `${timers}, ${due} due and not begun`],
    ["runs", `${running} of at most ${concurrency} under way, ${waiting} waiting`],
    ["memory", bytesText(status.rssBytes)],
    ["log", `entry ${status.lastIndex}, ${fullTime(status.lastAtMs, zone, context.nowMs)}`],
  ];
  if (abandoned > 0)
    result.push(["abandoned", `${abandoned} attempts did not stop when asked, and may still be executing`]);
  for (const [label, list] of [
    ["app", status.apps],
    ["host", status.hosts],
  ] as const) {
    for (const one of list) result.push([label, printable(JSON.stringify(one))]);
  }
  return result.map(([label, text]) => [`${label}:`, text]);
}
