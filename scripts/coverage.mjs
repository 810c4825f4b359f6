// Runs the whole test suite once under V8's coverage and holds it to the project's thresholds: every line and
// branch of the folders that must not lose data, 90 % of the lines of everything else that is shipped.
//
//     node scripts/coverage.mjs [--no-thresholds] [arguments of dist/test/run.js …]
//
// NODE_V8_COVERAGE is inherited by child processes and worker threads; a process that is killed writes nothing.
// The counts line of the suite is printed again as the last line. See coverage/ for the reports.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const completeFolders = ["src/core/", "src/journal/"];
const otherLinesPercentMin = 90;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const rawFolder = join(root, "coverage", "v8");
const testArguments = process.argv.slice(2).filter((argument) => argument !== "--no-thresholds");
const hasThresholds = !process.argv.includes("--no-thresholds");

rmSync(join(root, "coverage"), { recursive: true, force: true });
mkdirSync(rawFolder, { recursive: true });
const suite = await runSuite();
const reported = report();
const shortfalls = reported && hasThresholds ? findShortfalls() : [];
for (const line of shortfalls) console.log(`coverage: ${line}`);
if (!reported) console.log("coverage: c8 could not make its report");
console.log(suite.counts);
process.exitCode = suite.exitCode === 0 && reported && shortfalls.length === 0 ? 0 : 1;

/** The suite's exit code and its counts line; everything it prints goes through as it comes. */
function runSuite() {
  const child = spawn(process.execPath, [join(root, "dist/test/run.js"), ...testArguments], {
    stdio: ["ignore", "pipe", "inherit"],
    // The joined files of dist/lib cannot be told apart by their sources, so the program is run from what they are made of.
    env: { ...process.env, NODE_V8_COVERAGE: rawFolder, TEST_KRON_PROGRAM: "dist/bin/kron.js" },
  });
  let tail = "";
  child.stdout.on("data", (chunk) => {
    process.stdout.write(chunk);
    tail = (tail + chunk.toString("utf8")).slice(-4096);
  });
  return new Promise((resolve) => {
    child.on("close", (exitCode) => {
      const counts = tail.match(/^\d+ passed, \d+ failed, \d+ skipped$/gm)?.at(-1);
      resolve({ exitCode: counts === undefined ? 1 : exitCode, counts: counts ?? "0 passed, 1 failed, 0 skipped" });
    });
  });
}

/** Has c8 map the raw data back to the sources; false when it fails. */
function report() {
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, "node_modules/c8/bin/c8.js"),
      ...["report", "--temp-directory", rawFolder, "--reports-dir", join(root, "coverage"), "--merge-async"],
      // --all: a file that no test loads counts too, as uncovered.
      ...["--all", "--src", root, "--include", "dist/src/**/*.js", "--include", "dist/bin/**/*.js"],
      ...typeOnlyFiles().flatMap((file) => ["--exclude", file]),
      ...["--reporter", "json-summary", "--reporter", "html", "--reporter", "text", "--skip-full"],
    ],
    { cwd: root, stdio: "inherit" },
  );
  // The raw files are many and of no further use.
  rmSync(rawFolder, { recursive: true, force: true });
  return status === 0;
}

/** Built files without code: never loaded, as imports of types vanish, and nothing in them to cover. */
function typeOnlyFiles() {
  const built = ["dist/src", "dist/bin"].flatMap((folder) => {
    try {
      return readdirSync(join(root, folder), { recursive: true }).map((name) => `${folder}/${name}`);
    } catch (error) {
      if (error.code === "ENOENT") return [];
      throw error;
    }
  });
  const comments = /\/\*[\s\S]*?\*\/|\/\/.*/g;
  return built
    .filter((file) => file.endsWith(".js"))
    .filter((file) => readFileSync(join(root, file), "utf8").replace(comments, "").trim() === "export {};");
}

/** What falls short of the thresholds, a line each. */
function findShortfalls() {
  const summary = JSON.parse(readFileSync(join(root, "coverage", "coverage-summary.json"), "utf8"));
  const lines = [];
  const others = { covered: 0, total: 0 };
  for (const [path, { lines: ofLines, branches }] of Object.entries(summary)) {
    if (path === "total") continue;
    const file = relative(root, path).split(sep).join("/");
    if (completeFolders.some((folder) => file.startsWith(folder))) {
      if (ofLines.covered < ofLines.total) lines.push(`${file}: ${ofLines.covered} of ${ofLines.total} lines`);
      if (branches.covered < branches.total) lines.push(`${file}: ${branches.covered} of ${branches.total} branches`);
    } else {
      others.covered += ofLines.covered;
      others.total += ofLines.total;
    }
  }
  const percent = others.total === 0 ? 100 : (100 * others.covered) / others.total;
  console.log(`coverage: ${percent.toFixed(1)} % of the lines outside ${completeFolders.join(" and ")}`);
  if (percent < otherLinesPercentMin) lines.push(`that is less than ${otherLinesPercentMin} %`);
  return lines;
}
