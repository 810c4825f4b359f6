/** The project's own files, as checks over the sources see them. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// From dist/test/tooling/ to the root of the repository.
const repositoryRoot = fileURLToPath(new URL("../../../", import.meta.url));
const foreignFolders = new Set(["node_modules", "dist", "coverage", ".git", ".kron"]);

/** The absolute path of `path`, which is relative to the root of the repository. */
export function repositoryPath(path: string): string {
  return join(repositoryRoot, path);
}

/** A text file of the repository; `path` is relative to its root, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Every text file of the repository that people write, sorted by path; not what npm, tsc or c8 put there. */
export function repositoryFiles(): SourceFile[] {
  return listFiles("")
    .filter((path) => !path.endsWith(".tgz"))
    .map((path) => ({ path, text: readFileSync(repositoryPath(path), "utf8") }))
    .filter(({ text }) => !text.includes("\0"))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function listFiles(folder: string): string[] {
  return readdirSync(repositoryPath(folder), { withFileTypes: true }).flatMap((entry) => {
    if (foreignFolders.has(entry.name)) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Every module that `text`, TypeScript, names in an import or re-export, static or dynamic. */
export function importedModules(text: string): string[] {
  const pattern = /(?:^|[\s;}])(?:from|import)\s*\(?\s*(["'])([^"'\n]+)\1/g;
  return [...text.matchAll(pattern)].flatMap((match) => match[2] ?? []);
}
