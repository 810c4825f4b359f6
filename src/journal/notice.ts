/** What the journal tells its owner besides errors: things that were dealt with and that a person should know. */

import type { KronError } from "../core/errors.ts";

/** Something worth a line in the log. */
export type JournalNotice =
  /** A write cut short by a crash was found at the end and set aside; nothing acknowledged as synced was in it. */
  | {
      readonly kind: "torn-tail-cut";
      readonly segment: string;
      readonly offset: number;
      /** Bytes set aside; 0 when none of the lost frames had reached the disk. */
      readonly bytes: number;
      /** Where they are, if there were any. */
      readonly savedAs: string | undefined;
      /** The first index that is not there. */
      readonly firstIndex: number;
    }
  /** The sidecar was missing or unreadable and was made anew; one proof of completeness less. */
  | { readonly kind: "sidecar-rebuilt"; readonly path: string }
  /** The sidecar could not be written; said once until it works again. */
  | { readonly kind: "sidecar-stale"; readonly path: string; readonly cause: unknown }
  /** A sync had failed before the last stop; what it covered was written and synced again. */
  | { readonly kind: "tail-rewritten"; readonly segment: string; readonly offset: number; readonly bytes: number }
  /** A batch was refused by the disk, and cut back; said once until a write works again. */
  | { readonly kind: "write-refused"; readonly entries: number; readonly error: KronError }
  /** The next segment could not be prepared ahead of time; it will be tried again; said once until one is there. */
  | { readonly kind: "next-segment-failed"; readonly cause: unknown }
  /** Old segments could not be removed because of this file; the next drop tries again; said once until one works. */
  | { readonly kind: "drop-failed"; readonly file: string; readonly cause: unknown };

/** Takes notices; must not throw. */
export type Report = (notice: JournalNotice) => void;
