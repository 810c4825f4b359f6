/** Writes the golden screens and the pictures of them anew, and shows what has changed: node dist/test/tui/regenerate.js */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { repositoryPath } from "../tooling/source-files.ts";
import { pictureOf, picturePath, pictures } from "./picture.ts";
import { goldenPath, screens, screenText, sizes } from "./screens.ts";

for (const name of Object.keys(screens)) {
  for (const [columns, rows] of sizes) writeFileSync(goldenPath(name, columns, rows), screenText(name, columns, rows));
}
for (const { screen, columns, rows, path } of pictures)
  writeFileSync(picturePath(path), pictureOf(screen, columns, rows));
spawnSync("git", ["--no-pager", "diff", "--", "test/golden/tui"], { cwd: repositoryPath("."), stdio: "inherit" });
const changed = ["status", "--short", "--", "test/golden/tui", "docs/images"];
spawnSync("git", changed, { cwd: repositoryPath("."), stdio: "inherit" });
