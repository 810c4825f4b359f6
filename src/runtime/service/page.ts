/** Items of an answer, gathered into pages of bounded size. */

import { roughBytes, type Tuple } from "./wire-views.ts";

const itemsMax = 500;
const bytesMax = 256 * 1024;

/** One page being filled. */
export class Page {
  #items: Tuple[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Whether `item` had better begin the next page. An item that is larger than a page is one by itself. */
  isFullFor(item: Tuple): boolean {
    if (this.#items.length === 0) return false;
    return this.#items.length === itemsMax || this.#bytes + roughBytes(item) > bytesMax;
  }

  add(item: Tuple): void {
    this.#items.push(item);
    this.#bytes += roughBytes(item);
  }

  /** What was gathered; the page begins anew. */
  take(): readonly Tuple[] {
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    return items;
  }
}
