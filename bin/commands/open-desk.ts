/** Where a command changes timers: in the runtime that holds the directory, else in the directory itself. */

import type { TimerDesk } from "../../src/runtime/sync.ts";
import type { CommandContext } from "../context.ts";
import { ChangeableDirectory } from "./changeable-directory.ts";
import { IpcDesk } from "./ipc-desk.ts";
import { OfflineDesk, readingDesk, readPresent } from "./offline-desk.ts";

/** Hands `work` a desk and closes what was opened for it. A dry run takes no lock and changes nothing. */
export async function withDesk<Result>(
  context: CommandContext,
  isDryRun: boolean,
  work: (desk: TimerDesk) => Promise<Result>,
): Promise<Result> {
  const runtime = context.isOffline ? undefined : await IpcDesk.connect(context.dataDir);
  if (runtime !== undefined) {
    try {
      return await work(runtime);
    } finally {
      await runtime.close();
    }
  }
  if (isDryRun) return await work(readingDesk(await readPresent(context)));
  const directory = await ChangeableDirectory.open(
    context.dataDir,
    ({ kind }) => context.output.message(`note: ${kind}`),
    context.progress,
  );
  try {
    return await work(new OfflineDesk(directory));
  } finally {
    await directory.close();
  }
}
