/** What reads and compares documents, and that it finds what is wrong with them. */

import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { type Block, readCommands, readPage } from "./markdown.ts";
import { isOutputAsShown } from "./output.ts";
import { compilePages, type SetPage } from "./project.ts";
import { withMachineAt } from "./scratch.ts";

const test = suite("harness of the documents");

const fence = "```";

function pageOf(text: string): SetPage {
  return { ...readPage("page.md", text), name: "page", setup: {}, names: new Map() };
}

function blockOf(kind: string, text: string): Block {
  const [block] = pageOf(`${fence}${kind}\n${text}\n${fence}\n`).blocks;
  assert.ok(block);
  return block;
}

test("readPage() gives each block with its kind, file and line", () => {
  const { blocks, problems } = pageOf(`# A\n\n${fence}ts file=app.ts\na;\n${fence}\n\n~~~text\nb\n~~~\n`);
  assert.equal(problems, []);
  assert.equal(blocks, [
    { kind: "ts", treatment: "code", file: "app.ts", line: 4, text: "a;" },
    { kind: "text", treatment: "shown", file: undefined, line: 8, text: "b" },
  ]);
});

test("readPage() refuses what could escape a check", () => {
  const problemOf = (text: string): string => pageOf(text).problems.join();
  assert.match(problemOf(`${fence}\nkron doctor\n${fence}`), /known kind .*got ""/);
  assert.match(problemOf(`${fence}bash\nkron doctor\n${fence}`), /got "bash"/);
  assert.match(problemOf("Text:\n\n    kron doctor\n"), /^3: an indented block/);
  assert.match(problemOf(`${fence}text\n$ ls\n${fence}`), /make it sh or console/);
  assert.match(problemOf(`${fence}text\nnpx kron doctor\n${fence}`), /make it sh or console/);
  assert.match(problemOf(`${fence}ts fresh\na;\n${fence}`), /got "fresh"/);
  assert.match(problemOf(`${fence}ts file=../a.ts\na;\n${fence}`), /below the page's directory/);
  assert.is(problemOf("- a list\n\n  - with more\n    in it\n"), "");
});

test("readCommands() takes sh line by line, but for comments, continued lines and here-documents", () => {
  const sh = "# first\na 1\n\nb \\\n  2 # why\ncat > f <<EOF\nx\n\nEOF\nc";
  assert.equal(
    readCommands(blockOf("sh", sh)).map(({ command, line }) => [line, command]),
    [
      [3, "a 1"],
      [5, "b \\\n  2 # why"],
      [7, "cat > f <<EOF\nx\n\nEOF"],
      [11, "c"],
    ],
  );
});

test("readCommands() takes console by its prompts, with the output below", () => {
  assert.equal(readCommands(blockOf("console", "$ a\none\ntwo\n$ b")), [
    { command: "a", line: 2, output: "one\ntwo\n" },
    { command: "b", line: 5, output: "" },
  ]);
});

test("isOutputAsShown() compares all lines, and knows what differs at every run", () => {
  assert.ok(isOutputAsShown("a …\n…\nz\n", "a b\nc\nd\nz\n"));
  assert.ok(isOutputAsShown("run_0000000001 at 2026-01-01T00:00:00Z", "run_00000000zz  at 2027-12-31T23:59:59.9Z\n"));
  assert.ok(isOutputAsShown("run_… took 3ms, due in 2h", "run_00000000zz took 12.5ms, due in 5m 3s"));
  assert.not(isOutputAsShown("a …\nz\n", "a b\nc\nz\n"));
  assert.not(isOutputAsShown("a\n", "a\nb\n"));
  assert.not(isOutputAsShown("a\n", ""));
  assert.not(isOutputAsShown("", "a\n"));
  assert.not(isOutputAsShown("done: 3 create", "done: 2 create"));
  assert.not(isOutputAsShown("every 2h", "every 3h"));
});

test("compilePages() tells what is wrong with code, at its line of the page", () => {
  const code = 'import { kron } from "kron-scheduler";\nawait kron.schedule("a", { evry: "1s" }, () => {});';
  const { problems } = compilePages([pageOf(`# A\n\n${fence}ts\n${code}\nmissing();\n${fence}\n`)]);
  assert.is(problems.length, 2);
  assert.match(problems[0] ?? "", /^page\.md:5: TS\d+ .*evry/);
  assert.match(problems[1] ?? "", /^page\.md:6: TS\d+ .*missing/);
});

test("withMachineAt() leads paths of a machine elsewhere, and leaves others", () => {
  assert.is(
    withMachineAt("/r", 'a /etc/x "/var/lib/y" ./etc/z /usr/bin/env'),
    'a /r/etc/x "/r/var/lib/y" ./etc/z /usr/bin/env',
  );
});

test.run();
