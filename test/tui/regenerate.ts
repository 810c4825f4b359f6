/** Writes the golden screens anew, and shows what has changed of them: node dist/test/tui/regenerate.js */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { repositoryPath } from "../tooling/source-files.ts";
import { goldenPath, screens, screenText, sizes } from "./screens.ts";

for (const name of Object.keys(screens)) {
  for (const [columns, rows] of sizes) writeFileSync(goldenPath(name, columns, rows), screenText(name, columns, rows));
}
spawnSync("git", ["--no-pager", "diff", "--", "test/golden/tui"], { cwd: repositoryPath("."), stdio: "inherit" });
spawnSync("git", ["status", "--short", "--", "test/golden/tui"], { cwd: repositoryPath("."), stdio: "inherit" });
