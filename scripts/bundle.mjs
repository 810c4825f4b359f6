// Joins what was built into few files, dist/lib, which is what users load: Node takes about half a millisecond for
// each module it loads, and a start needs two hundred of ours.
//
//     dist/src, dist/bin     a file for each source: what tests and threads run
//     dist/lib               index.js, testing.js and kron.js, and the pieces they share or load later
//
// Packages from outside stay outside. Threads and processes are started from their own files in dist/src.

import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const folder = `${dist}${sep}lib`;

/** Files that ask where they are go on being told where they were built to: all pieces stand side by side. */
const keepPlaces = {
  name: "keep-places",
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      if (!text.includes("import.meta.url")) return undefined;
      const place = JSON.stringify(relative(folder, path).split(sep).join("/"));
      return { contents: text.replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`) };
    });
  },
};

rmSync(folder, { recursive: true, force: true });
await build({
  entryPoints: [`${dist}/src/index.js`, `${dist}/src/testing.js`, `${dist}/bin/kron.js`],
  outdir: folder,
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: dirname(dist),
  plugins: [keepPlaces],
});
