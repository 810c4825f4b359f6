/** What snapshots tell their owner besides errors: things that were dealt with and that a person should know. */

/** Something worth a line in the log. */
export type SnapshotNotice =
  /** LMDB has no binary here, so that a plain file keeps the snapshots. */
  | { readonly kind: "snapshot-in-plain-file"; readonly reason: string }
  /** The snapshot could not be used and was set aside; what it held came from where `rebuiltFrom` says. */
  | {
      readonly kind: "snapshot-set-aside";
      readonly path: string;
      readonly cause: unknown;
      readonly rebuiltFrom: "older-snapshot" | "journal";
    }
  /** A checkpoint failed; it will be tried again. Said once until one succeeds. The journal keeps everything meanwhile. */
  | { readonly kind: "checkpoint-failed"; readonly cause: unknown };

/** Takes notices; must not throw. */
export type ReportSnapshot = (notice: SnapshotNotice) => void;
