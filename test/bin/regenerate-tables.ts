/** Writes the golden tables anew, and shows what has changed of them: node dist/test/bin/regenerate-tables.js */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { repositoryPath } from "../tooling/source-files.ts";
import { goldenPath, goldenText, tables } from "./tables.ts";

for (const name of Object.keys(tables)) writeFileSync(goldenPath(name), goldenText(name));
spawnSync("git", ["--no-pager", "diff", "--", "test/golden/tables"], { cwd: repositoryPath("."), stdio: "inherit" });
