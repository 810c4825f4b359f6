/**
 * What the help of each command says besides its options: examples, and where options alone do not tell the whole
 * story, a few sentences. Every command has at least one example; tests parse each of them.
 */

/** What to type, and what it is good for. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** What the help of one command adds. */
export interface CommandHelp {
  /** Paragraphs behind the options. */
  readonly about?: readonly string[];
  readonly examples: readonly Example[];
}

const example = (line: string, does: string): Example => ({ line, does });

const jobs: Readonly<Record<string, CommandHelp>> = {
  "kron job": {
    examples: [
      example("kron job list", "All timers, and when each is due"),
      example("kron job history nightly-report --since 7d", "How one of them has fared this week"),
    ],
  },
  "kron job list": {
    examples: [
      example("kron job list", "All timers of .kron, or of KRON_HOME"),
      example("kron job list --state dead,orphaned", "Only those that need attention"),
      example("kron job list --data-dir /var/lib/app/.kron --tz Europe/Riga", "Those of another directory"),
    ],
  },
  "kron job status": {
    examples: [example("kron job status nightly-report", "Schedule, policies, counts and runs of one timer")],
  },
  "kron job history": {
    examples: [
      example("kron job history nightly-report --limit 5", "The last five ends"),
      example("kron job history nightly-report --since 24h --json", "A day of them, for a program"),
    ],
  },
  "kron job logs": {
    examples: [
      example("kron job logs backup", "What its newest run has printed"),
      example("kron job logs backup -f", "The same, and what it goes on to print"),
      example("kron job logs backup --run run_00000000a1", "What another run has printed"),
    ],
  },
  "kron job next": {
    examples: [
      example("kron job next nightly-report -n 3 --tz Europe/Riga", "The next three due times, seen from Riga"),
    ],
  },
  "kron job add": {
    about: [
      "A timer of that id is changed to what is given; what is not given gets its default. The same again changes nothing.",
    ],
    examples: [
      example('kron job add backup --cron "0 2 * * *" --timezone Europe/Riga -- ./backup.sh --full', "Run a command"),
      example(
        'kron job add report --every 15m --module ./jobs/report.js --export run --payload \'{"to":"ada@example.org"}\'',
        "Call an export of a module",
      ),
      example("kron job add ping --every 1m --timeout 10s --http https://example.org/health", "Send a request"),
      example("kron job add retries --after 10m --retry 5 --backoff exponential -- ./deploy.sh", "Once, and try again"),
    ],
  },
  "kron job pause": { examples: [example("kron job pause nightly-report", "Hold it back until it is resumed")] },
  "kron job resume": { examples: [example("kron job resume nightly-report", "Let it go on")] },
  "kron job cancel": {
    examples: [
      example("kron job cancel nightly-report", "End it for good; a run under way may finish"),
      example("kron job rm nightly-report --abort", "The same, and its run is asked to stop"),
    ],
  },
  "kron job retry": { examples: [example("kron job retry nightly-report", "Try again now what has failed")] },
  "kron job trigger": {
    examples: [
      example("kron job trigger nightly-report", "Run it now, besides its schedule"),
      example(
        'kron job trigger nightly-report --payload \'{"day":"2026-11-24"}\' --wait --timeout 10m',
        "With a payload of its own; exit with 0 when it has succeeded",
      ),
    ],
  },
};

const runs: Readonly<Record<string, CommandHelp>> = {
  "kron run": { examples: [example("kron run list", "What is under way")] },
  "kron run list": {
    examples: [
      example("kron run list --state running,retrying", "Those that have begun"),
      example("kron run list --timer backup --json", "Those of one timer, for a program"),
    ],
  },
  "kron run cancel": { examples: [example("kron run cancel run_00000000a1", "Have it end")] },
  "kron explain": {
    examples: [
      example('kron explain "0 2 * * *" --tz Europe/Riga', "What it means there, and what clock changes do to it"),
      example('kron explain "H/15 * * * *" --id ping --next 3', "Where H falls for one timer"),
    ],
  },
};

const runtimes: Readonly<Record<string, CommandHelp>> = {
  "kron runtime": {
    examples: [
      example("kron runtime start", "Run commands, modules and requests without an application"),
      example("kron runtime status", "See how it is"),
    ],
  },
  "kron runtime status": { examples: [example("kron runtime status --json", "State, load and memory, for a program")] },
  "kron runtime shutdown": {
    examples: [example("kron runtime shutdown --timeout 30s", "Give runs under way half a minute to finish")],
  },
  "kron runtime start": {
    about: [
      "SIGTERM and SIGINT: runs under way may finish (--drain), then it ends; a second of them ends it at once. SIGHUP: it reads the configuration anew.",
      "Exit codes: 0 stopped in good order, 1 failed, 2 wrong configuration, 5 another process holds the directory, 6 the directory is damaged, 7 stopped, and with it attempts that took too long, 130 and 143 told to stop twice.",
    ],
    examples: [
      example("kron runtime start", "With kron.config.* of this directory, if there is one"),
      example(
        "kron runtime start --config /etc/kron/kron.config.mjs --log-level debug",
        "With a configuration of your own",
      ),
    ],
  },
  "kron supervise": {
    about: [
      "Arguments of the app that begin with a dash come behind --. SIGTERM and SIGINT finish the runs under way and end it, a second of them ends it at once; SIGHUP reloads.",
      "Exit codes: 0 ended as asked, 1 the app failed for good or runs had to be cut short, 2 usage, 5 another process holds the directory, 130 and 143 ended at once.",
    ],
    examples: [
      example("kron supervise app.js", "Keep it alive"),
      example("kron supervise app.js -i 4 --max-memory 512MB -- --port 8080", "Four processes that share the work"),
      example("kron supervise app.js --watch", "Reload it when a file changes, while you write it"),
    ],
  },
  "kron reload": { examples: [example("kron reload", "After a new version has been put in place")] },
  "kron restart": { examples: [example("kron restart", "Where two at a time cannot be")] },
  "kron tui": {
    examples: [
      example("kron top", "The runtime of this directory"),
      example("kron tui --data-dir /var/lib/app/.kron --tz Europe/Riga", "That of another one"),
    ],
  },
  "kron events": {
    examples: [
      example("kron events -f --type RUN_FAILED,RUN_DEAD", "What fails, from now on"),
      example("kron events -n 100 --timer backup --jsonl", "The last hundred of one timer, for a program"),
    ],
  },
};

const configuration: Readonly<Record<string, CommandHelp>> = {
  "kron config": { examples: [example("kron config print", "What it all comes to")] },
  "kron config print": {
    examples: [example("kron config print --config /etc/kron/kron.config.mjs", "And where each option was set")],
  },
  "kron sync": {
    examples: [
      example("kron sync --dry-run", "See what would be changed"),
      example("kron sync --prune", "Change it, and cancel what is no longer declared"),
    ],
  },
  "kron import crontab": {
    examples: [
      example("kron import crontab --user --dry-run", "What would become of `crontab -l`"),
      example("kron import crontab --system /etc/crontab --users runuser", "A crontab that names users"),
      example("kron import crontab ./crontab --as-config > kron.config.json", "A configuration to go on from"),
    ],
  },
  "kron install-service": {
    examples: [
      example("kron install-service --user --dry-run", "Read the unit first"),
      example("kron install-service --config /etc/kron/kron.config.mjs --run-as kron", "A service of the system"),
      example("kron install-service --app ./app.js --name shop", "One that supervises an application"),
    ],
  },
};

const files: Readonly<Record<string, CommandHelp>> = {
  "kron doctor": {
    examples: [
      example("kron doctor --data-dir /var/lib/app/.kron", "Check a directory, also beside its runtime"),
      example("kron doctor --json", "For monitoring; exit code 6 says that there are problems"),
    ],
  },
  "kron log": { examples: [example("kron log verify", "Read it all, and say whether it is whole")] },
  "kron log verify": { examples: [example("kron log verify --data-dir /mnt/copy/.kron", "Check a copy")] },
  "kron log dump": {
    examples: [example("kron log dump --from 1000 --limit 10", "Ten entries, with the names of their fields")],
  },
  "kron log compact": { examples: [example("kron log compact", "Make the directory as small as it gets")] },
  "kron log repair": {
    examples: [
      example("kron log repair", "See what is damaged, and change nothing"),
      example("kron log repair --accept-loss", "Cut it off, when there is no backup"),
    ],
  },
  "kron backup": {
    examples: [example("kron backup /mnt/backups/kron-2026-11-24.bak", "One file; the runtime goes on meanwhile")],
  },
  "kron restore": {
    examples: [
      example(
        "kron restore /mnt/backups/kron-2026-11-24.bak --data-dir ./restored",
        "A new directory beside the old one",
      ),
    ],
  },
  "kron export": {
    examples: [
      example("kron export > timers.jsonl", "All timers, as text to keep or to change"),
      example("kron export --history --secrets | gzip > all.jsonl.gz", "With all that is known of them"),
    ],
  },
  "kron import": {
    examples: [
      example("kron import timers.jsonl --dry-run", "Check everything first"),
      example(
        "kron export --data-dir old --secrets | kron import --data-dir new --on-conflict skip",
        "From one directory to another",
      ),
    ],
  },
};

/** By the whole path of the command. */
export const commandHelp: Readonly<Record<string, CommandHelp>> = {
  kron: {
    about: [
      "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 runtime not reachable, 5 locked, 6 problems found, 7 runs ended by a stop.",
    ],
    examples: [
      example("kron job list", "All timers of .kron, or of KRON_HOME"),
      example("kron job history nightly-report --since 7d --json", "How one has fared, for a program"),
      example('kron explain "0 2 * * *" --tz Europe/Riga', "What a cron expression means"),
      example("kron help job add", "More about a command; its --help is the same"),
    ],
  },
  "kron completion": {
    about: ["It completes commands, options and their words, and the ids of timers and runs of the data directory."],
    examples: [example("source <(kron completion bash)", "For this shell; in ~/.bashrc for each")],
  },
  "kron completion bash": {
    examples: [
      example("source <(kron completion bash)", "For this shell; in ~/.bashrc for each"),
      example("kron completion bash > /etc/bash_completion.d/kron", "For all users"),
    ],
  },
  "kron completion zsh": {
    examples: [
      example("source <(kron completion zsh)", "For this shell; in ~/.zshrc, behind compinit, for each"),
      example("kron completion zsh > /usr/local/share/zsh/site-functions/_kron", "For all users"),
    ],
  },
  "kron completion fish": {
    examples: [
      example("kron completion fish | source", "For this shell"),
      example("kron completion fish > ~/.config/fish/completions/kron.fish", "For each"),
    ],
  },
  "kron help": { examples: [example("kron help job add", "The same as kron job add --help")] },
  ...jobs,
  ...runs,
  ...runtimes,
  ...configuration,
  ...files,
};
