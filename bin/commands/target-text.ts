/** What a timer executes in one short line, without secrets. */

import type { TargetSpec } from "../../src/core/target.ts";
import { printable } from "../printable.ts";

/** `module ./report.js (export run, process)`, `command pg_dump "a b"`, `POST https://…`; undefined for a callback. */
export function targetText(target: TargetSpec): string | undefined {
  switch (target.kind) {
    case "module": {
      const { path, exportName, isolate } = target;
      const more = [
        ...(exportName === "default" ? [] : [`export ${exportName}`]),
        ...(isolate === "thread" ? [] : [isolate]),
      ];
      return printable(`module ${path}${more.length === 0 ? "" : ` (${more.join(", ")})`}`);
    }
    case "command":
      return printable(`command ${target.shell ? (target.argv[0] ?? "") : target.argv.map(word).join(" ")}`);
    case "http":
      return printable(`${target.method} ${target.url}`);
    default:
      return undefined;
  }
}

/** Quoted where it would be read as anything but one word. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text);
}
