/** `kron install-service`: writes a service of systemd that keeps a runtime, or an application, running. */

import { existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { type CommandContext, jsonVersion } from "../context.ts";
import { CommandError, ExitCode, type ExitCodeValue } from "../exit-codes.ts";
import { printable } from "../printable.ts";
import { systemdUnit, type UnitOptions } from "../systemd-unit.ts";
import { type ConfigOptions, commandConfig } from "./command-config.ts";

/** Options of `kron install-service`. */
export interface InstallServiceOptions extends ConfigOptions {
  readonly user?: boolean;
  readonly name?: string;
  readonly exec?: string;
  readonly app?: string;
  readonly runAs?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const drainMsOfApps = 30_000;

/** Writes the unit, or prints it. */
export async function installService(context: CommandContext, options: InstallServiceOptions): Promise<ExitCodeValue> {
  const unit = await unitOptions(context, options);
  const text = systemdUnit(unit);
  const path = join(unitDirectory(unit.isUser), `${unit.name}.service`);
  const { output } = context;
  if (options.dryRun === true) {
    if (output.options.isJson) output.json({ ...base(unit), path, outcome: "would be written", text });
    else output.line(text.trimEnd());
    return ExitCode.OK;
  }
  write(path, text, options.force === true);
  if (output.options.isJson) {
    output.json({ ...base(unit), path, outcome: "written", next: nextSteps(unit) });
    return ExitCode.OK;
  }
  output.line(`written: ${printable(path)}`);
  output.line("next:");
  for (const step of nextSteps(unit)) output.line(`  ${printable(step)}`);
  return ExitCode.OK;
}

async function unitOptions(context: CommandContext, options: InstallServiceOptions): Promise<UnitOptions> {
  const { name = "kron", user = false, app, runAs } = options;
  if (!namePattern.test(name)) {
    throw new CommandError(ExitCode.USAGE, `Expected --name of letters, digits, _ . and -, got "${printable(name)}"`);
  }
  if (runAs !== undefined && (user || !namePattern.test(runAs))) {
    throw new CommandError(ExitCode.USAGE, "Expected --run-as to name a user, and not together with --user");
  }
  const work = app === undefined ? await runtimeWork(context, options) : appWork(app, options);
  return {
    ...{ name, isUser: user, runAs, ...work },
    command: [...program(options.exec), ...work.command],
    killPath: ["/bin/kill", "/usr/bin/kill"].find((path) => existsSync(path)) ?? "/bin/kill",
  };
}

type Work = Pick<UnitOptions, "command" | "workingDirectory" | "drainMs" | "dataDir">;

/** A configuration that would keep the service from starting is better told now. */
async function runtimeWork(context: CommandContext, options: InstallServiceOptions): Promise<Work> {
  const { file, drainMs, layers, dataDir } = await commandConfig(context, options);
  const command = ["runtime", "start", ...(file === undefined ? [] : ["--config", file])];
  const workingDirectory = file === undefined ? process.cwd() : dirname(file);
  const isGiven = layers.get("dataDir") !== undefined;
  return { command, workingDirectory, drainMs, dataDir: isGiven ? dataDir : undefined };
}

function appWork(app: string, { dataDir }: InstallServiceOptions): Work {
  const path = resolve(app);
  if (!existsSync(path)) {
    throw new CommandError(ExitCode.NOT_FOUND, `Expected an application at ${printable(path)}, nothing is there`);
  }
  const command = ["supervise", path];
  const given = dataDir === undefined ? undefined : resolve(dataDir);
  return { command, workingDirectory: dirname(path), drainMs: drainMsOfApps, dataDir: given };
}

/** What is to be executed: the `kron` that runs now, or another. */
function program(exec: string | undefined): string[] {
  if (exec === undefined) {
    return [process.execPath, realpathSync(process.argv[1] ?? "")];
  }
  if (isAbsolute(exec)) return [exec];
  const hint = "systemd looks into no PATH: give the whole path";
  throw new CommandError(ExitCode.USAGE, `Expected --exec to be an absolute path, got "${printable(exec)}"`, hint);
}

function unitDirectory(isUser: boolean): string {
  if (!isUser) return "/etc/systemd/system";
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "systemd", "user");
}

function write(path: string, text: string, force: boolean): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: force ? "w" : "wx", mode: 0o644 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      throw new CommandError(ExitCode.FAILURE, `Expected nothing at ${printable(path)}`, "Add --force to replace it");
    }
    const hint = code === "EACCES" ? "Run it as root, or add --user for a service of your own" : undefined;
    throw new CommandError(ExitCode.FAILURE, `Expected to write ${printable(path)}: ${message}`, hint);
  }
}

function nextSteps({ name, isUser, dataDir, runAs }: UnitOptions): string[] {
  const control = isUser ? "systemctl --user" : "systemctl";
  const owner = runAs === undefined ? "" : ` -o ${runAs}`;
  return [
    ...(dataDir === undefined || existsSync(dataDir) ? [] : [`install -d -m 0700${owner} ${shellWord(dataDir)}`]),
    `${control} daemon-reload`,
    `${control} enable --now ${name}.service`,
    `${control} status ${name}.service`,
    `journalctl ${isUser ? "--user " : ""}-u ${name}.service -f`,
    ...(isUser ? ["loginctl enable-linger    # so that it runs while you are not logged in"] : []),
  ];
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function base({ name, isUser }: UnitOptions): object {
  return { version: jsonVersion, command: "install-service", name, isUser };
}
