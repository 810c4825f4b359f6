/**
 * `kron events`: what happened lately, as far as the log tells it behind its snapshot; or with `-f` what happens from
 * now on, as the runtime tells it.
 */

import { isKronError } from "../../src/core/errors.ts";
import type { LogRecord } from "../../src/core/record.ts";
import { Zones } from "../../src/core/zone.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import type { FeedItem } from "../../src/runtime/service/event-feed.ts";
import { type EventType, typeOfEvent } from "../../src/runtime/service/event-types.ts";
import { type EventSink, emitRecord } from "../../src/supervisor/events.ts";
import { Recurrences } from "../../src/supervisor/recurrences.ts";
import { systemClock } from "../../src/system.ts";
import { intlOffsetSource } from "../../src/zone-source.ts";
import type { CommandContext } from "../context.ts";
import { displayZone } from "../display-zone.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { readCount } from "../numbers.ts";
import { eventJson, eventLine, type ShownEvent } from "./event-text.ts";
import { withLive } from "./live.ts";
import { checkDirectory, checkThere, offlineOf, reportReading, slotOfTimer } from "./offline.ts";
import { type OnApplied, readDirectory } from "./read-directory.ts";

/** Options of `kron events`. */
export interface EventsOptions {
  readonly follow?: boolean;
  readonly number?: string;
  readonly type?: readonly EventType[];
  readonly timer?: string;
  readonly jsonl?: boolean;
}

interface Filter {
  readonly types: ReadonlySet<EventType> | undefined;
  readonly timerId: string | undefined;
}

type Show = (event: ShownEvent) => void;

const numberDefault = 20;
const numberMax = 100_000;
/** So many events may be on their way before the runtime keeps them for a while, and then drops some. */
const window = 4_096;

/** Prints events. */
export async function events(context: CommandContext, options: EventsOptions): Promise<ExitCodeValue> {
  const { output } = context;
  const filter: Filter = {
    types: options.type === undefined ? undefined : new Set(options.type),
    timerId: options.timer,
  };
  const count = readCount(options.number, "--number", numberDefault, 1, numberMax);
  if (options.follow === true && options.number !== undefined) {
    throw new CommandError(ExitCode.USAGE, "Expected -n only without -f, which shows what comes from now on");
  }
  const zone = displayZone(context, new Zones(intlOffsetSource()));
  const isJson = output.options.isJson || options.jsonl === true;
  const show: Show = (event) => {
    if (isJson) output.jsonLine(eventJson(event));
    else output.line(eventLine(event, zone, output));
  };
  return options.follow === true ? await follow(context, filter, show) : await showLast(context, filter, count, show);
}

/** Until the runtime ends, or nobody reads any more. */
function follow(context: CommandContext, { types, timerId }: Filter, show: Show): Promise<ExitCodeValue> {
  const { output } = context;
  return withLive(context, async ({ client }) => {
    const params = { types: types === undefined ? null : [...types], timerId: timerId ?? null };
    try {
      for await (const item of client.stream("events", params, { window })) {
        const told = item as FeedItem;
        show(told.kind === "dropped" ? { type: "DROPPED", event: { count: told.count } } : told);
        output.flush();
      }
    } catch (error) {
      // It was shut down in good order, and everything that it told is here.
      if (!isKronError(error, "KRON_STOPPED")) throw error;
      output.message("note: the runtime has stopped");
    }
    return ExitCode.OK;
  });
}

/** The last `count` events that the journal tells of. */
async function showLast(context: CommandContext, filter: Filter, count: number, show: Show): Promise<ExitCodeValue> {
  const { dataDir } = context;
  checkDirectory(dataDir);
  let last: ShownEvent[] = [];
  const begin = (): OnApplied => {
    last = [];
    const sink: EventSink = {
      has: () => true,
      emit(name, ...[event]) {
        const type = typeOfEvent(name, event);
        if (filter.types?.has(type) === false) return;
        if (filter.timerId !== undefined && (event as { timerId?: unknown }).timerId !== filter.timerId) return;
        last.push({ type, event });
        if (last.length >= 2 * count) last = last.slice(-count);
      },
    };
    return (state, entry, applied) => {
      for (const [i, outcome] of applied.outcomes.entries()) {
        emitRecord(sink, state, entry[0], entry[i + 1] as LogRecord, outcome);
      }
    };
  };
  const directory = await readDirectory(dataDir, nodeDisk, systemClock(), { begin, progress: context.progress });
  const zones = new Zones(intlOffsetSource());
  const offline = offlineOf(context, directory, new Recurrences(zones), displayZone(context, zones));
  await offline.close();
  if (directory.snapshot.file === undefined) checkThere(dataDir, directory.reading);
  // Nothing may be all there is to tell of a timer; of one that is not there it would be misleading.
  if (last.length === 0 && filter.timerId !== undefined) slotOfTimer(offline.state, filter.timerId);
  for (const event of last.slice(-count)) show(event);
  return reportReading(context, offline);
}
