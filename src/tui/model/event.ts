/** What can happen to the screen. Types only. */

import type {
  DetailFacts,
  EventFacts,
  RunFacts,
  StatsFacts,
  TimelineFacts,
  TimersQuery,
  TimersWindow,
} from "../facts.ts";
import type { ViewName } from "./model.ts";

/** What a click on a place of the screen means. */
export type Hit =
  | { readonly kind: "view"; readonly view: ViewName }
  | { readonly kind: "row"; readonly index: number }
  | { readonly kind: "key"; readonly key: string };

/** An event. Keys are the character they type, or a name such as `up`, `pagedown`, `enter`, `escape`, `ctrl-c`. */
export type TuiEvent =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "hit"; readonly hit: Hit }
  | { readonly kind: "resize"; readonly columns: number; readonly rows: number }
  | { readonly kind: "tick"; readonly nowMs: number }
  | { readonly kind: "connected" }
  | { readonly kind: "lost"; readonly why: string }
  | { readonly kind: "stats"; readonly stats: StatsFacts }
  | { readonly kind: "timers"; readonly query: TimersQuery; readonly window: TimersWindow }
  | { readonly kind: "strips"; readonly ids: readonly string[]; readonly strips: readonly string[] }
  | { readonly kind: "timeline"; readonly timeline: TimelineFacts }
  | { readonly kind: "runs"; readonly runs: readonly RunFacts[]; readonly isPart: boolean }
  | { readonly kind: "detail"; readonly id: string; readonly facts: DetailFacts }
  | { readonly kind: "noDetail"; readonly id: string; readonly why: string }
  | { readonly kind: "events"; readonly timerId: string | undefined; readonly items: readonly EventFacts[] }
  | { readonly kind: "done"; readonly text: string }
  | { readonly kind: "failed"; readonly text: string };
