// Parent links of a trace: which span is whose parent, by a hash map over the 8-byte ids. Works on
// columns without an object a span, and takes what senders really send: ids used twice, parents that
// never arrived, spans that name themselves.

/** Node indices: spans first (0..spanCount), then one node for every distinct parent that is missing. */
export interface SpanLinks {
  /** Parent node of each node; -1 for roots and placeholders. */
  readonly parent: Int32Array<ArrayBuffer>;
  /** Spans and placeholders. */
  readonly nodeCount: number;
  /** 1 where another span came first with the same id. */
  readonly duplicate: Uint8Array<ArrayBuffer>;
}

// A seed per page keeps a sender from preparing ids that all fall into one slot.
const seed = (Math.random() * 0x7fffffff) | 0;

/** Open-addressing map from 8-byte ids to node numbers. */
class IdMap {
  readonly #slots: Int32Array<ArrayBuffer>;
  readonly #mask: number;
  readonly #highs: Uint32Array<ArrayBuffer>;
  readonly #lows: Uint32Array<ArrayBuffer>;

  /** Room for `capacity` ids. */
  constructor(capacity: number) {
    let size = 16;
    while (size < capacity * 2) size *= 2;
    this.#slots = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
    this.#highs = new Uint32Array(size);
    this.#lows = new Uint32Array(size);
  }

  /** Node stored under the id, or `node` itself after storing it there. */
  findOrAdd(high: number, low: number, node: number): number {
    let slot = this.#slotOf(high, low);
    for (;;) {
      const found = this.#slots[slot] as number;
      if (found < 0) {
        this.#slots[slot] = node;
        this.#highs[slot] = high;
        this.#lows[slot] = low;
        return node;
      }
      if (this.#highs[slot] === high && this.#lows[slot] === low) return found;
      slot = (slot + 1) & this.#mask;
    }
  }

  #slotOf(high: number, low: number): number {
    let hash = seed ^ Math.imul(high ^ seed, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
    hash ^= hash >>> 15;
    return hash & this.#mask;
  }
}

/** Links the spans whose ids stand in `spanIds` and `parentIds`, 8 bytes a span. */
export function linkSpans(
  spanIds: Uint8Array,
  parentIds: Uint8Array,
  spanCount: number,
): SpanLinks {
  const ids = new DataView(spanIds.buffer, spanIds.byteOffset, spanCount * 8);
  const parents = new DataView(parentIds.buffer, parentIds.byteOffset, spanCount * 8);
  // Every span may bring an id of its own and that of a missing parent.
  const map = new IdMap(spanCount * 2);
  const duplicate = new Uint8Array(spanCount);
  for (let i = 0; i < spanCount; i++) {
    if (map.findOrAdd(ids.getUint32(i * 8), ids.getUint32(i * 8 + 4), i) !== i) duplicate[i] = 1;
  }
  const parent = new Int32Array(spanCount * 2).fill(-1);
  let nodeCount = spanCount;
  for (let i = 0; i < spanCount; i++) {
    const high = parents.getUint32(i * 8);
    const low = parents.getUint32(i * 8 + 4);
    if (high === 0 && low === 0) continue;
    const node = map.findOrAdd(high, low, nodeCount);
    if (node === nodeCount) nodeCount++;
    parent[i] = node;
  }
  return { parent: parent.slice(0, nodeCount), nodeCount, duplicate };
}
