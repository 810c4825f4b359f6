/**
 * The text of a systemd service, and the quoting that its values need (systemd.syntax(7), systemd.exec(5)):
 *
 * - `%` begins a specifier everywhere, so it is doubled;
 * - words of `ExecStart=` are in double quotes with escapes as in C, and `$` begins a variable in all but the first;
 * - `ReadWritePaths=` has quotes too, but knows no escapes besides `\\` and `\"`;
 * - `WorkingDirectory=` is the rest of the line as it is, and a backslash at its end would join the next line to it.
 */

import { KronError } from "../src/core/errors.ts";

/** What a service is to be. */
export interface UnitOptions {
  readonly name: string;
  readonly isUser: boolean;
  /** The program, absolute, and its arguments. */
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** A directory of the caller's choice; undefined for that which systemd makes, `/var/lib/<name>`. */
  readonly dataDir: string | undefined;
  /** The user that a service of the system runs as; undefined for root. */
  readonly runAs: string | undefined;
  /** How long the runtime waits for attempts at a stop. */
  readonly drainMs: number;
  /** Where `kill` is. */
  readonly killPath: string;
}

/** What a stop takes besides the drain: attempts that are asked to stop, killed, and the last checkpoint. */
const stopMarginSeconds = 20;
const watchdogSeconds = 30;

/** The text of the unit. Throws `KRON_OPTION_INVALID` for a path that cannot be written there. */
export function systemdUnit(options: UnitOptions): string {
  const sections = [head(options), service(options), hardening(options), install(options)];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/**
 * A word of `ExecStart=`; `isProgram` for the first, in which systemd puts no variables. Throws `KRON_OPTION_INVALID`
 * for a program whose path systemd refuses.
 */
export function execWord(text: string, isProgram: boolean): string {
  if (isProgram && /[\p{Cc}"'\\]/u.test(text)) {
    throw unwritable(text, "a program without quotes, backslashes and control characters in its path");
  }
  const escaped = text
    .replace(/[\\"]/g, "\\$&")
    .replace(/%/g, "%%")
    .replace(/\p{Cc}/gu, (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}`);
  const word = isProgram ? escaped : escaped.replace(/\$/g, "$$$$");
  return /^[\w@%+=:,./$-]+$/.test(word) ? word : `"${word}"`;
}

/** A path of `ReadWritePaths=`. Throws `KRON_OPTION_INVALID` for one with control characters. */
export function listedPath(path: string): string {
  refuseControls(path, "a path");
  const escaped = path.replace(/[\\"]/g, "\\$&").replace(/%/g, "%%");
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** The value of `WorkingDirectory=`. Throws `KRON_OPTION_INVALID` for one that cannot be written as it is. */
export function plainPath(path: string): string {
  refuseControls(path, "a working directory");
  if (/^\s|[\s\\]$/u.test(path))
    throw unwritable(path, "a working directory without a backslash or a space at its end");
  return path.replace(/%/g, "%%");
}

function head({ name, isUser }: UnitOptions): string[] {
  return [
    "# Written by kron install-service. To change it, use systemctl edit, or run that again with --force.",
    "",
    "[Unit]",
    `Description=Kron, reliable application time (${name})`,
    // Those of the user's own manager know neither.
    ...(isUser ? [] : ["Wants=network-online.target", "After=network-online.target time-sync.target"]),
  ];
}

function service(options: UnitOptions): string[] {
  const { command, workingDirectory, dataDir, isUser, runAs, drainMs, killPath, name } = options;
  const words = command.map((word, at) => execWord(word, at === 0));
  const state =
    dataDir === undefined
      ? ["--data-dir", isUser ? `%S/${name}` : `/var/lib/${name}`]
      : ["--data-dir", execWord(dataDir, false)];
  return [
    "[Service]",
    "# The runtime says itself when it is ready, reloads, stops, and that it is alive.",
    "Type=notify",
    "NotifyAccess=main",
    `WatchdogSec=${watchdogSeconds}s`,
    `ExecStart=${[...words, ...state].join(" ")}`,
    `ExecReload=${killPath} -HUP $MAINPID`,
    `WorkingDirectory=${plainPath(workingDirectory)}`,
    ...(runAs === undefined || isUser ? [] : [`User=${runAs}`]),
    ...(dataDir === undefined ? [`StateDirectory=${name}`, "StateDirectoryMode=0700"] : []),
    "# A start reads the journal, which takes a while after a crash with a very large one.",
    "TimeoutStartSec=5min",
    `# Attempts under way have ${Math.ceil(drainMs / 1_000)} s to finish (drain), then they are stopped; this has to be longer.`,
    `TimeoutStopSec=${Math.ceil(drainMs / 1_000) + stopMarginSeconds}s`,
    "# SIGTERM goes to the runtime alone, which stops its jobs; what is left in the end is killed.",
    "KillMode=mixed",
    "Restart=on-failure",
    "RestartSec=2s",
    "# A wrong configuration or a damaged directory does not mend by itself.",
    "RestartPreventExitStatus=2 6",
    "# Stopped, with attempts that took too long: they are on record, and retried.",
    "SuccessExitStatus=7",
  ];
}

function hardening({ isUser, dataDir }: UnitOptions): string[] {
  const writable = dataDir === undefined ? [] : [`ReadWritePaths=${listedPath(dataDir)}`];
  if (isUser) {
    return ["# Jobs cannot become somebody else; take it out for jobs that use sudo.", "NoNewPrivileges=yes"];
  }
  return [
    "# What follows holds for jobs too. Put what yours need into a drop-in: systemctl edit --full.",
    "# Jobs that use sudo or other setuid programs: NoNewPrivileges=no and RestrictSUIDSGID=no",
    "NoNewPrivileges=yes",
    "RestrictSUIDSGID=yes",
    "# The system is read-only; jobs that write elsewhere: ReadWritePaths=/srv/backups, one line for each place",
    "ProtectSystem=strict",
    ...writable,
    "# Homes are read-only; jobs that write there: ProtectHome=no, or ReadWritePaths= of that home",
    "ProtectHome=read-only",
    "# /tmp is the service's own; jobs that share files there with others: PrivateTmp=no",
    "PrivateTmp=yes",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectControlGroups=yes",
    "RestrictRealtime=yes",
    "LockPersonality=yes",
    "# MemoryDenyWriteExecute= stays off: Node compiles while it runs.",
  ];
}

function install({ isUser }: UnitOptions): string[] {
  return ["[Install]", `WantedBy=${isUser ? "default.target" : "multi-user.target"}`];
}

function refuseControls(path: string, what: string): void {
  if (/\p{Cc}/u.test(path)) throw unwritable(path, `${what} without control characters`);
}

function unwritable(path: string, expected: string): KronError {
  return new KronError("KRON_OPTION_INVALID", `Expected ${expected}, got ${JSON.stringify(path)}`, {
    hint: "A unit of systemd cannot name it; use a link of a simpler name",
  });
}
