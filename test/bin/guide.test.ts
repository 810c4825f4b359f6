/** The commands of docs/cron-replacement.md, run as they stand there, against the output that stands there. */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { programPath, scratchDirectory } from "./command-line.ts";
import { KronProcess } from "./kron-process.ts";

const test = suite("guide from crontab to Kron", 120_000);

interface Step {
  readonly command: string;
  readonly output: string;
}

const guide = readFileSync(repositoryPath("docs/cron-replacement.md"), "utf8");

function blocks(kind: string): string[] {
  return [...guide.matchAll(new RegExp(`^\`\`\`${kind}\n([^]*?)^\`\`\`$`, "gm"))].map(([, text = ""]) => text);
}

function steps(): Step[] {
  return blocks("console").flatMap((block) => {
    const [, ...parts] = block.split(/^\$ /m);
    return parts.map((part) => {
      const [command = "", ...output] = part.split("\n");
      return { command, output: output.join("\n") };
    });
  });
}

/** `…` stands for anything, on its own line for any lines. */
function matches(expected: string, got: string): boolean {
  const pattern = expected
    .trimEnd()
    .split("\n")
    .map((line) =>
      line === "…"
        ? "[^]*?"
        : line
            .split("…")
            .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
            .join(".*"),
    )
    .join("\\s*?\\n?");
  return new RegExp(`^\\s*${pattern}`).test(got);
}

test("every command of the guide does what stands there", async () => {
  const home = scratchDirectory();
  const tools = join(home, "bin");
  mkdirSync(tools);
  writeFileSync(join(tools, "kron"), `#!/bin/sh\nexec "${process.execPath}" "${programPath}" "$@"\n`, { mode: 0o755 });
  writeFileSync(join(home, "crontab.txt"), blocks("crontab")[0] ?? "");
  const env: Record<string, string> = {
    HOME: home,
    PATH: `${tools}${delimiter}${process.env.PATH ?? ""}`,
    KRON_HOME: "",
  };
  const all = steps();
  assert.ok(all.length > 8, "there are commands");
  let runtime: KronProcess | undefined;
  try {
    for (const { command, output } of all) {
      const assignment = /^export (\w+)="\$HOME(.*)"$/.exec(command);
      if (assignment !== null) {
        env[assignment[1] ?? ""] = `${home}${assignment[2] ?? ""}`;
      } else if (command.endsWith(" &")) {
        runtime = new KronProcess(command.slice("kron ".length, -2).split(" "), { cwd: home, env });
        await runtime.said(/The runtime is ready/);
      } else {
        const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", command], {
          ...{ cwd: home, env: { ...process.env, TZ: "UTC", ...env }, encoding: "utf8", timeout: 60_000 },
        });
        assert.is(status, 0, `${command}: ${stderr}`);
        assert.ok(matches(output, stdout), `${command} should print\n${output}\nand not\n${stdout}`);
      }
    }
    assert.is((await runtime?.ended())?.exitCode, 0, "the guide stops what it started");
  } finally {
    runtime?.child.kill("SIGKILL");
  }
});

test("the comparison of outputs can fail", () => {
  assert.ok(matches("a …\n…\nz\n", "a b\nc\nd\nz\n"));
  assert.not(matches("a …\nz\n", "a b\nc\nz\n"));
  assert.not(matches("done: 3 create", "done: 2 create"));
});

test.run();
