/**
 * `timer.strips`: how the last occurrences of some timers ended, one letter each, the newest last: `S` succeeded, `D` dead,
 * `C` cancelled, `M` missed, `O` skipped as another run was under way. Parameters: `ids` (at most 200) and `count`.
 * The answer: a list of texts, in the order of the ids; empty for a timer that is not there.
 */

import { describe } from "../../core/describe.ts";
import { optionError } from "../../core/option-reader.ts";
import type { RunOutcome } from "../../core/outcome.ts";
import type { IpcMethod } from "../../ipc/methods.ts";
import { readCountOr, readName, readParams } from "./params.ts";
import type { ServedRuntime } from "./served-runtime.ts";
import { Slices } from "./slices.ts";

const idsMax = 200;
const countMax = 100;
const letters: Readonly<Record<RunOutcome, string>> = {
  ...{ SUCCEEDED: "S", DEAD: "D", CANCELLED: "C", MISSED: "M", SKIPPED_OVERLAP: "O" },
};

/** Makes the method. */
export function timerStripsMethod(runtime: ServedRuntime): IpcMethod {
  return { kind: "unary", call: (params, { signal }) => strips(runtime, params, signal) };
}

async function strips(runtime: ServedRuntime, params: unknown, signal: AbortSignal): Promise<readonly string[]> {
  const { ids, count } = readParams(params, "ids", "count");
  if (!Array.isArray(ids) || ids.length > idsMax) {
    throw optionError("ids", `Expected ids to be a list of at most ${idsMax} texts, got ${describe(ids)}`);
  }
  const wanted = readCountOr(count, "count", 1, countMax, 20);
  const slices = new Slices(runtime.realClock);
  const texts: string[] = [];
  for (const id of ids) {
    const slot = runtime.engine.data.timers.slotOf(readName(id, "ids"));
    let text = "";
    if (slot !== undefined) {
      runtime.history.visit(slot, ({ outcome }) => {
        text = letters[outcome] + text;
        return text.length < wanted;
      });
    }
    texts.push(text);
    if (slices.isOver) await slices.next();
    if (signal.aborted) throw signal.reason;
  }
  return texts;
}
