// Who is whose parent inside one trace, over rows 0..length-1 in the order of their start. A span whose parent
// is not stored is disconnected: it has no parent and is no root. Parents that go round in a circle count as
// not stored. Where two spans have one id, the first is the parent that children see. Everything is linear in
// the number of spans.

type Words = Uint32Array<ArrayBuffer>;

/** Parent of a span that names none. */
export const ROOT = -1;
/** Parent of a span that names one which is not there. */
export const DISCONNECTED = -2;

/** Reused from trace to trace: `read` sets it to another one. */
export class Kinship {
  length = 0;
  /** Row of the parent, `ROOT` or `DISCONNECTED`. */
  parents: Int32Array<ArrayBuffer> = new Int32Array(64);
  #slots: Words = new Uint32Array(128);
  #marks: Uint8Array<ArrayBuffer> = new Uint8Array(64);
  #childOffsets: Words = new Uint32Array(65);
  #children: Words = new Uint32Array(64);
  #left: Words = new Uint32Array(64);
  #right: Words = new Uint32Array(64);
  #hasChildren = false;
  #hasNestedSets = false;

  /** Takes rows `from .. to` of ids that are two words a row; a parent id of zero is none. */
  read(spanIds: Words, parentIds: Words, from: number, to: number): void {
    const length = to - from;
    this.length = length;
    this.#hasChildren = false;
    this.#hasNestedSets = false;
    if (length > this.parents.length) this.#grow(length);
    const mask = this.#index(spanIds, from, length);
    for (let row = 0; row < length; row++) {
      const low = parentIds[(from + row) * 2] as number;
      const high = parentIds[(from + row) * 2 + 1] as number;
      this.parents[row] = (low | high) === 0 ? ROOT : this.#find(spanIds, from, low, high, mask);
    }
    this.#cutCircles();
  }

  /** Row of the first span without a parent id; -1 when it has not arrived. */
  get root(): number {
    for (let row = 0; row < this.length; row++) if (this.parents[row] === ROOT) return row;
    return -1;
  }

  childCount(row: number): number {
    this.#findChildren();
    return (this.#childOffsets[row + 1] as number) - (this.#childOffsets[row] as number);
  }

  /** Numbered depth first from 1, siblings by start; 0 for what no root leads to. */
  nestedSetLeft(row: number): number {
    this.#number();
    return this.#left[row] as number;
  }

  nestedSetRight(row: number): number {
    this.#number();
    return this.#right[row] as number;
  }

  /** The parent's `nestedSetLeft`; -1 for a root, 0 for what no root leads to. */
  nestedSetParent(row: number): number {
    const parent = this.parents[row] as number;
    if (parent < 0) return parent === ROOT ? -1 : 0;
    return this.nestedSetLeft(parent);
  }

  /** Fills the table of span ids (open addressing; row + 1, 0 = free) and returns its mask. */
  #index(spanIds: Words, from: number, length: number): number {
    let size = 16;
    while (size < length * 2) size *= 2;
    if (size > this.#slots.length) this.#slots = new Uint32Array(size);
    else this.#slots.fill(0, 0, size);
    const mask = size - 1;
    for (let row = 0; row < length; row++) {
      const low = spanIds[(from + row) * 2] as number;
      const high = spanIds[(from + row) * 2 + 1] as number;
      let slot = hash(low, high) & mask;
      for (;;) {
        const taken = this.#slots[slot] as number;
        if (taken === 0) {
          this.#slots[slot] = row + 1;
          break;
        }
        const at = (from + taken - 1) * 2;
        if (spanIds[at] === low && spanIds[at + 1] === high) break;
        slot = (slot + 1) & mask;
      }
    }
    return mask;
  }

  #find(spanIds: Words, from: number, low: number, high: number, mask: number): number {
    for (let slot = hash(low, high) & mask; ; slot = (slot + 1) & mask) {
      const taken = this.#slots[slot] as number;
      if (taken === 0) return DISCONNECTED;
      const at = (from + taken - 1) * 2;
      if (spanIds[at] === low && spanIds[at + 1] === high) return taken - 1;
    }
  }

  #cutCircles(): void {
    const { parents, length } = this;
    const marks = this.#marks.fill(0, 0, length);
    for (let row = 0; row < length; row++) {
      let at = row;
      while (at >= 0 && marks[at] === 0) {
        marks[at] = 1;
        at = parents[at] as number;
      }
      if (at >= 0 && marks[at] === 1) this.#cutCircle(at);
      for (at = row; at >= 0 && marks[at] === 1; at = parents[at] as number) marks[at] = 2;
    }
  }

  #cutCircle(from: number): void {
    for (let at = from; at >= 0; ) {
      const next = this.parents[at] as number;
      this.parents[at] = DISCONNECTED;
      this.#marks[at] = 2;
      at = next;
    }
  }

  /** Children of every row, in the order of rows. */
  #findChildren(): void {
    if (this.#hasChildren) return;
    this.#hasChildren = true;
    const { parents, length } = this;
    const offsets = this.#childOffsets.fill(0, 0, length + 1);
    for (let row = 0; row < length; row++) {
      const parent = parents[row] as number;
      if (parent >= 0) offsets[parent + 1] = (offsets[parent + 1] as number) + 1;
    }
    for (let row = 0; row < length; row++) {
      offsets[row + 1] = (offsets[row + 1] as number) + (offsets[row] as number);
    }
    const next = offsets.slice(0, length);
    for (let row = 0; row < length; row++) {
      const parent = parents[row] as number;
      if (parent < 0) continue;
      const at = next[parent] as number;
      this.#children[at] = row;
      next[parent] = at + 1;
    }
  }

  #number(): void {
    if (this.#hasNestedSets) return;
    this.#hasNestedSets = true;
    this.#findChildren();
    this.#left.fill(0, 0, this.length);
    this.#right.fill(0, 0, this.length);
    const next = this.#childOffsets.slice(0, this.length);
    let count = 0;
    for (let root = 0; root < this.length; root++) {
      if (this.parents[root] !== ROOT) continue;
      this.#left[root] = ++count;
      for (let at = root; at >= 0; ) {
        const child = next[at] as number;
        if (child < (this.#childOffsets[at + 1] as number)) {
          next[at] = child + 1;
          at = this.#children[child] as number;
          this.#left[at] = ++count;
        } else {
          this.#right[at] = ++count;
          at = this.parents[at] as number;
        }
      }
    }
  }

  #grow(length: number): void {
    const rows = Math.max(length, this.parents.length * 2);
    this.parents = new Int32Array(rows);
    this.#marks = new Uint8Array(rows);
    this.#childOffsets = new Uint32Array(rows + 1);
    this.#children = new Uint32Array(rows);
    this.#left = new Uint32Array(rows);
    this.#right = new Uint32Array(rows);
  }
}

function hash(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0xc2b2ae35);
  return mixed ^ (mixed >>> 15);
}
