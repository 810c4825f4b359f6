import * as assert from "uvu/assert";
import { PageWindow } from "../../src/snapshot/page-window.ts";
import { suite } from "../support/suite.ts";

const test = suite("snapshot/page-window");
const pageBytes = 4_096;

/** A file of `pages` pages, each filled with its number, and the reads made of it: position and bytes asked for. */
function fileOf(pages: number, more = 0) {
  const reads: [position: number, bytes: number][] = [];
  const content = new Uint8Array(pages * pageBytes + more);
  for (let page = 0; page < pages; page++) content.fill(page, page * pageBytes, (page + 1) * pageBytes);
  const window = new PageWindow((into, position) => {
    reads.push([position, into.length]);
    const found = content.subarray(position, position + into.length);
    into.set(found);
    return found.length;
  });
  return { window, reads, content };
}

function isPage(page: Uint8Array | undefined, number: number): boolean {
  return page?.length === pageBytes && page.every((byte) => byte === number);
}

test("page() reads many pages at once when they are asked for in order", () => {
  const { window, reads } = fileOf(20);
  for (let page = 2; page < 20; page++) assert.ok(isPage(window.page(page, pageBytes), page), `page ${page}`);
  assert.equal(reads, [
    [2 * pageBytes, pageBytes],
    [3 * pageBytes, 32_768],
    [11 * pageBytes, 32_768],
    [19 * pageBytes, 32_768],
  ]);
});

test("page() reads no more than what is asked for here and there", () => {
  const { window, reads } = fileOf(20);
  for (const page of [7, 3, 12, 3]) assert.ok(isPage(window.page(page, pageBytes), page));
  assert.ok(reads.every(([, bytes]) => bytes === pageBytes));
});

test("page() gives the pages before the end of the file, and none behind or half", () => {
  const { window } = fileOf(5, 100);
  for (let page = 0; page < 5; page++) assert.ok(isPage(window.page(page, pageBytes), page));
  assert.is(window.page(5, pageBytes), undefined);
  assert.is(window.page(6, pageBytes), undefined);
  assert.ok(isPage(window.page(4, pageBytes), 4));
});

test("page() never changes bytes it gave before", () => {
  const { window } = fileOf(40);
  const pages = Array.from({ length: 40 }, (_, number) => window.page(number, pageBytes));
  assert.ok(pages.every(isPage));
});

test("page() takes pages that are larger than its window", () => {
  const { window, reads } = fileOf(32);
  const large = 16 * pageBytes;
  assert.is(window.page(0, large)?.length, large);
  assert.is(window.page(1, large)?.length, large);
  assert.is(window.page(2, large), undefined);
  assert.is(reads.length, 3);
});

test("clear() has everything read anew", () => {
  const { window, content } = fileOf(4);
  window.page(1, pageBytes);
  window.page(2, pageBytes);
  content.fill(9);
  assert.ok(isPage(window.page(3, pageBytes), 3));
  window.clear();
  assert.ok(isPage(window.page(3, pageBytes), 9));
});

test.run();
