/** How grave a line of a log is. */

/** The number of each level, as pino has them; `silent` is what no line is. */
export const logRanks = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: 100 } as const;

/** How grave a line is. */
export type LogLevel = keyof typeof logRanks;

/** Every `LogLevel`, the lightest first. */
export const logLevels = Object.keys(logRanks) as readonly LogLevel[];
