/** Placeholder shape, filled in by the next commits: a record is a tuple whose first field is its kind. */
export type LogRecord = readonly [kind: number, ...fields: unknown[]];

/** One atomic group of changes: the leader's wall-clock stamp, then the records in order. */
export type Entry = readonly [atMs: number, ...records: LogRecord[]];
