// A choice among spans that are seen one by one and in any order: those whose ids have the least hashes, so that
// the same spans always give the same choice.

/** A hash of bytes, 32 bits: FNV-1a, then MurmurHash3's last step, as ids that count up differ in few bits. */
export function hashBytes(bytes: Uint8Array, seed = 0x811c9dc5): number {
  let hash = seed;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

interface Hashed<T> {
  readonly hash: number;
  readonly item: T;
}

/** At most `size` items, of each bucket at most `perBucket`. */
export class LeastHashed<T> {
  readonly #size: number;
  readonly #perBucket: number;
  #buckets = new Map<string, Hashed<T>[]>();
  #count = 0;
  /** What hashes higher is not looked at. */
  #limit: number;

  constructor(size: number, perBucket: number) {
    this.#size = size;
    this.#perBucket = perBucket;
    this.#limit = size === 0 ? -1 : Number.POSITIVE_INFINITY;
  }

  /** `bucket` is any text; `make` is called only for what is kept for now. */
  offer(bucket: string, hash: number, make: () => T): void {
    if (hash > this.#limit) return;
    const known = this.#buckets.get(bucket);
    if (known === undefined) {
      this.#buckets.set(bucket, [{ hash, item: make() }]);
      this.#count++;
    } else {
      const last = known.at(-1);
      const isFull = known.length === this.#perBucket;
      if (isFull && (last === undefined || hash >= last.hash)) return;
      if (isFull) known.pop();
      else this.#count++;
      known.push({ hash, item: make() });
      known.sort((a, b) => a.hash - b.hash);
    }
    if (this.#count >= 2 * this.#size + 100) this.#prune();
  }

  /** By hash. */
  items(): T[] {
    return this.#sorted()
      .slice(0, this.#size)
      .map(([, { item }]) => item);
  }

  #sorted(): (readonly [bucket: string, Hashed<T>])[] {
    const all = [...this.#buckets].flatMap(([bucket, found]) =>
      found.map((one) => [bucket, one] as const),
    );
    return all.sort(([, a], [, b]) => a.hash - b.hash);
  }

  #prune(): void {
    const kept = this.#sorted().slice(0, this.#size);
    this.#limit = kept.at(-1)?.[1].hash ?? -1;
    this.#count = kept.length;
    this.#buckets = new Map();
    for (const [bucket, one] of kept) {
      const known = this.#buckets.get(bucket);
      if (known === undefined) this.#buckets.set(bucket, [one]);
      else known.push(one);
    }
  }
}
