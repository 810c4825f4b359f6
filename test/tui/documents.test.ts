import { readdirSync, readFileSync } from "node:fs";
import { equal, ok } from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";

const test = suite("pictures of the live view");

const screens = readdirSync(repositoryPath("test/golden/tui")).map((name) =>
  readFileSync(repositoryPath(`test/golden/tui/${name}`), "utf8"),
);

for (const [path, count] of [
  ["docs/tui.md", 8],
  ["README.md", 1],
] as const) {
  test(`${path} shows what the screens show`, () => {
    const text = readFileSync(repositoryPath(path), "utf8");
    const pictures = [...text.matchAll(/^```text\n( kron [\s\S]*?\n)```$/gm)].map(([, picture = ""]) => picture);
    equal(pictures.length, count);
    for (const picture of pictures) ok(screens.includes(picture), `no golden screen is like this one:\n${picture}`);
  });
}

test.run();
