/**
 * docs/guarantees.md as data: its sentences, each with the tests it names. A sentence of that page is a promise, unless it
 * stands in a section that promises nothing, introduces what follows (it ends with a colon), or says how to see something.
 */

/** A test as a document names it: the file below test/ without its ending, and the name with `…` for values. */
export interface Reference {
  readonly path: string;
  readonly name: string;
}

/** One sentence, or one row of a table. */
export interface Sentence {
  readonly section: string;
  readonly text: string;
  readonly references: readonly Reference[];
}

/** The sections that hold no promises. */
export const freeSections: readonly string[] = ["Guarantees", "How to read this page", "What Kron does not promise"];

const referencePattern = /\[test: ([\w/-]+) "([^"]*)"\]/g;
// References stand behind the full stop of their sentence, so they are made marks that belong to it.
const markPattern = /⟦(\d+)⟧/g;

/** All sentences that promise something. Throws where a note does not say how to see something. */
export function promisesOf(page: string): Sentence[] {
  return blocksOf(page)
    .filter(({ section, text }) => !freeSections.includes(section) && !text.endsWith(":"))
    .flatMap(({ section, text, isRow }) => {
      const references: Reference[] = [];
      const marked = text.replace(referencePattern, (_, path: string, name: string) => {
        references.push({ path, name });
        return `⟦${references.length - 1}⟧`;
      });
      const parts = isRow ? [marked] : marked.split(/(?<=[.!?⟧])\s+(?=[^⟦])/);
      return parts.map((part) => ({
        section,
        text: part.replace(markPattern, "").trim(),
        references: endOf(part, isRow).flatMap((index) => references[index] ?? []),
      }));
    });
}

/** What a file of tests calls its tests, with `…` where it fills in a value. */
export function testNamesOf(source: string): Set<string> {
  const names = new Set<string>();
  for (const [, plain, template] of source.matchAll(/^\s*test\(\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/gm)) {
    const name = plain ?? template?.replace(/\$\{[^}]*\}/g, "…") ?? "";
    names.add(name.replace(/\\(.)/g, "$1"));
  }
  return names;
}

/** The marks at the very end, where alone they count. */
function endOf(part: string, isRow: boolean): number[] {
  const end = /(?:⟦\d+⟧\s*)+$/.exec(isRow ? part.replace(/\|\s*$/, "") : part)?.[0] ?? "";
  return [...end.matchAll(markPattern)].map(([, index]) => Number(index));
}

interface Block {
  readonly section: string;
  readonly text: string;
  readonly isRow: boolean;
}

/** Paragraphs, items of lists and rows of tables, each on one line. Code and the heads of tables are left out. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let section = "";
  let open: string[] = [];
  const close = (): void => {
    if (open.length > 0) blocks.push({ section, text: open.join(" "), isRow: false });
    open = [];
  };
  const lines = page.replace(/^```[\s\S]*?^```$/gm, "").split("\n");
  for (const [index, line] of lines.entries()) {
    const heading = /^#+ (.*)$/.exec(line);
    if (line.trim() === "" || heading !== null || /^(?:[-*] |\||> )/.test(line)) close();
    if (heading !== null) section = heading[1] ?? "";
    else if (line.startsWith("> ")) checkNote(line);
    else if (line.startsWith("|")) {
      const isHead = /^\| *-/.test(line) || /^\| *-/.test(lines[index + 1] ?? "");
      if (!isHead) blocks.push({ section, text: line, isRow: true });
    } else if (line.trim() !== "") open.push(line.replace(/^[-*] /, "").trim());
  }
  close();
  return blocks;
}

function checkNote(line: string): void {
  if (!line.startsWith("> See it: ")) throw new Error(`Expected a note to begin with "See it:", got ${line}`);
}
