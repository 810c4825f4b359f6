import { readdirSync, readFileSync } from "node:fs";
import { equal, ok } from "uvu/assert";
import { suite } from "../support/suite.ts";
import { repositoryPath } from "../tooling/source-files.ts";
import { pictureOf, picturePath, pictures } from "./picture.ts";
import { goldenPath } from "./screens.ts";

const test = suite("pictures of the live view");

const screens = readdirSync(repositoryPath("test/golden/tui")).map((name) =>
  readFileSync(repositoryPath(`test/golden/tui/${name}`), "utf8"),
);

test("docs/tui.md shows what the screens show", () => {
  const text = readFileSync(repositoryPath("docs/tui.md"), "utf8");
  const shown = [...text.matchAll(/^```text\n( kron [\s\S]*?\n)```$/gm)].map(([, picture = ""]) => picture);
  equal(shown.length, 8);
  for (const picture of shown) ok(screens.includes(picture), `no golden screen is like this one:\n${picture}`);
});

for (const { screen, columns, rows, path } of pictures) {
  test(`${path} is a picture of the screen as it is (node dist/test/tui/regenerate.js)`, () => {
    equal(readFileSync(picturePath(path), "utf8"), pictureOf(screen, columns, rows));
  });

  test(`${path} has every word of the golden screen in its place, and is well formed`, () => {
    const svg = readFileSync(picturePath(path), "utf8");
    const golden = readFileSync(goldenPath(screen, columns, rows), "utf8");
    const words = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = ""]) => text);
    const text = words.join("").replaceAll("&lt;", "<").replaceAll("&amp;", "&").replace(/\s/g, "");
    equal(text, golden.replace(/[\s▁-█]/g, ""));
    equal(svg.match(/<(?:svg|g|text|title)\b/g)?.length, svg.match(/<\/(?:svg|g|text|title)>/g)?.length);
    ok(!/&(?!lt;|amp;)/.test(svg));
  });
}

test("README.md shows a picture that is there", () => {
  const text = readFileSync(repositoryPath("README.md"), "utf8");
  const [shown] = [...text.matchAll(/!\[[^\]]+\]\(([^)]+\.svg)\)/g)].map(([, path]) => path);
  ok(
    pictures.some(({ path }) => path === shown),
    shown,
  );
});

test.run();
