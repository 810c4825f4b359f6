/**
 * Which of many timers is due next. An indexed 4-ary min-heap over typed arrays: 16 bytes an item, no
 * allocation per operation, no object the garbage collector would have to visit.
 *
 * Items are small integers (slots in the caller's tables), so memory follows the largest item ever set, not
 * the number of items. Of equal due times the smaller item comes first, whatever the order of insertion, so
 * that the order of work depends on the state alone and not on its history.
 *
 *     index      0 1 2   3     4 5 6 7        8 9 10 11   12 …
 *                unused  root  its children   children of 4, of 5 …
 *
 * With the root at 3 the children of `i` are `4i - 8 …  4i - 5`: four due times that start at a multiple of
 * four and so share a cache line. It also leaves position 0 to mean "not in the queue".
 */

import { assert } from "./assert.ts";

const root = 3;

/** Items must be below this; it bounds what one wrong slot number could make the queue allocate. */
export const dueQueueItemMax = 2 ** 28;

/** A priority queue of integer items by due time; see the head of this file. */
export class DueQueue {
  /** By heap index. */
  #dueMs: Float64Array;
  /** By heap index. */
  #items: Uint32Array;
  /** Heap index by item; 0 when the item is not in the queue. */
  #positions: Uint32Array;
  /** One past the last heap index in use. */
  #end = root;

  /** `capacity` is how many items there is room for before the first growth. */
  constructor(capacity = 16) {
    assert(Number.isInteger(capacity) && capacity >= 1 && capacity <= dueQueueItemMax, "capacity is in range");
    this.#dueMs = new Float64Array(root + capacity);
    this.#items = new Uint32Array(root + capacity);
    this.#positions = new Uint32Array(capacity);
  }

  /** How many items are in the queue. */
  get size(): number {
    return this.#end - root;
  }

  /** Puts `item` into the queue, or moves it, so that it is due at `dueMs` (finite). */
  set(item: number, dueMs: number): void {
    assert(item >= 0 && item < dueQueueItemMax && Number.isInteger(item), "item is a slot number");
    assert(Number.isFinite(dueMs), "a due time is finite");
    if (item >= this.#positions.length) this.#growItems(item + 1);
    const position = slotAt(this.#positions, item);
    if (position === 0) {
      if (this.#end === this.#items.length) this.#growHeap();
      this.#end += 1;
      this.#rise(this.#end - 1, item, dueMs);
    } else if (dueMs < dueAt(this.#dueMs, position)) {
      this.#rise(position, item, dueMs);
    } else {
      this.#sink(position, item, dueMs);
    }
  }

  /** Takes `item` out; false when it was not in. */
  remove(item: number): boolean {
    const position = this.#positions[item] ?? 0;
    if (position === 0) return false;
    this.#positions[item] = 0;
    this.#end -= 1;
    // The last item fills the hole; it may belong above or below it.
    if (position < this.#end) this.#place(position, slotAt(this.#items, this.#end), dueAt(this.#dueMs, this.#end));
    return true;
  }

  /** Whether `item` is in the queue. */
  has(item: number): boolean {
    return (this.#positions[item] ?? 0) !== 0;
  }

  /** When `item` is due, or undefined when it is not in the queue. */
  dueOf(item: number): number | undefined {
    const position = this.#positions[item] ?? 0;
    return position === 0 ? undefined : this.#dueMs[position];
  }

  /** The item that is due first, or -1 when the queue is empty. */
  peek(): number {
    return this.#end === root ? -1 : slotAt(this.#items, root);
  }

  /** When the first item is due, or `Infinity` when the queue is empty. */
  peekDueMs(): number {
    return this.#end === root ? Number.POSITIVE_INFINITY : dueAt(this.#dueMs, root);
  }

  /** How many items are due at `dueMs` or before. The work grows with that number, not with the queue. */
  countUntil(dueMs: number): number {
    const open = [root];
    let count = 0;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at >= this.#end || dueAt(this.#dueMs, at) > dueMs) continue;
      count += 1;
      const first = 4 * at - 8;
      open.push(first, first + 1, first + 2, first + 3);
    }
    return count;
  }

  /** Takes the first item out and returns it, or -1 when the queue is empty. */
  pop(): number {
    const item = this.peek();
    if (item >= 0) this.remove(item);
    return item;
  }

  #place(position: number, item: number, dueMs: number): void {
    const parent = (position >> 2) + 2;
    if (position > root && isBefore(dueMs, item, dueAt(this.#dueMs, parent), slotAt(this.#items, parent)))
      this.#rise(position, item, dueMs);
    else this.#sink(position, item, dueMs);
  }

  /** Writes the item at `position` or at the place of an ancestor that is due after it. */
  #rise(from: number, item: number, dueMs: number): void {
    const dues = this.#dueMs;
    const items = this.#items;
    const positions = this.#positions;
    let position = from;
    while (position > root) {
      const parent = (position >> 2) + 2;
      const parentDueMs = dueAt(dues, parent);
      const parentItem = slotAt(items, parent);
      if (!isBefore(dueMs, item, parentDueMs, parentItem)) break;
      dues[position] = parentDueMs;
      items[position] = parentItem;
      positions[parentItem] = position;
      position = parent;
    }
    dues[position] = dueMs;
    items[position] = item;
    positions[item] = position;
  }

  /** Writes the item at `position` or at the place of a descendant that is due before it. */
  #sink(from: number, item: number, dueMs: number): void {
    const dues = this.#dueMs;
    const items = this.#items;
    const positions = this.#positions;
    const end = this.#end;
    let position = from;
    for (let first = 4 * position - 8; first < end; first = 4 * position - 8) {
      const afterLast = Math.min(first + 4, end);
      let child = first;
      let childDueMs = dueAt(dues, first);
      for (let other = first + 1; other < afterLast; other++) {
        const otherDueMs = dueAt(dues, other);
        if (isBefore(otherDueMs, slotAt(items, other), childDueMs, slotAt(items, child))) {
          child = other;
          childDueMs = otherDueMs;
        }
      }
      const childItem = slotAt(items, child);
      if (!isBefore(childDueMs, childItem, dueMs, item)) break;
      dues[position] = childDueMs;
      items[position] = childItem;
      positions[childItem] = position;
      position = child;
    }
    dues[position] = dueMs;
    items[position] = item;
    positions[item] = position;
  }

  #growItems(needed: number): void {
    const positions = new Uint32Array(Math.max(needed, this.#positions.length * 2));
    positions.set(this.#positions);
    this.#positions = positions;
  }

  #growHeap(): void {
    const length = root + (this.#items.length - root) * 2;
    const dueMs = new Float64Array(length);
    const items = new Uint32Array(length);
    dueMs.set(this.#dueMs);
    items.set(this.#items);
    this.#dueMs = dueMs;
    this.#items = items;
  }
}

function isBefore(aDueMs: number, aItem: number, bDueMs: number, bItem: number): boolean {
  return aDueMs < bDueMs || (aDueMs === bDueMs && aItem < bItem);
}

// Every index used here is below the array's length, which the compiler cannot know. Two functions and not
// one, so that each sees one type of array and stays fast.
function dueAt(dues: Float64Array, index: number): number {
  return dues[index] as number;
}

function slotAt(slots: Uint32Array, index: number): number {
  return slots[index] as number;
}
