/**
 * The only commands and snippets of the documents that no test runs, each with the reason. `what` is the beginning of a
 * command, or the first line of a block of code. An entry that fits nothing any more fails.
 */

/** A command or a block of code of a page that is not run. */
export interface Exclusion {
  readonly page: string;
  readonly what: string;
  readonly why: string;
}

/** All of them. */
export const excluded: readonly Exclusion[] = [
  { page: "README.md", what: "npm ci && npm start", why: "sets up a clone; a check of every change does that" },
  { page: "README.md", what: "npm ci && npm test", why: "this is part of the suite that it runs" },
  ...["npm init -y", "npm install kron-scheduler", "node app.mjs &", "kill -9 $!", "npx kron "].map((what) => ({
    ...{ page: "README.md", what, why: "typed into one shell, with its jobs, by test/docs/readme.test.ts" },
  })),
  ...[
    { page: "docs/troubleshooting.md", what: "kron " },
    { page: "docs/troubleshooting.md", what: "ls " },
    { page: "docs/operations.md", what: "kron " },
  ].map((one) => ({ ...one, why: "run in the situation that its block names, by scenes.slow.test.ts" })),
  { page: "docs/cron-replacement.md", what: "crontab -l >", why: "would remove the crontab of whoever runs the tests" },
  {
    page: "docs/cli.md",
    what: "kron import crontab /etc/crontab",
    why: "runs commands as other users, which needs root",
  },
  {
    page: "docs/cli.md",
    what: "source <(kron completion",
    why: "is for bash and zsh, in which test/bin/completion tries the scripts",
  },
  { page: "docs/tui.md", what: "kron top", why: "needs a terminal; test/tui/terminal.test.ts has one" },
  { page: "docs/tui.md", what: "kron tui", why: "needs a terminal; test/tui/terminal.test.ts has one" },
];
