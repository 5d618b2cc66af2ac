// GROUP BY over integers: an open-addressing table that gives each distinct tuple of 32-bit words a
// dense group number. All rollups of a segment are made with it, so none makes an object a span.

// Secret, so that no sender can prepare trace ids that all fall on one slot.
const SEED = crypto.getRandomValues(new Uint32Array(1))[0] as number;

/** Distinct tuples of `width` words, numbered from 0 in order of first appearance. */
export class GroupTable {
  /** Words of group `g`: `keys[g * width .. (g + 1) * width]`. */
  keys: Uint32Array<ArrayBuffer>;
  size = 0;
  readonly width: number;
  /** Fill with a tuple, then call `group`. */
  readonly probe: Uint32Array<ArrayBuffer>;
  #slots: Uint32Array<ArrayBuffer> = new Uint32Array(1024); // group + 1; 0 = free
  #hashes: Uint32Array<ArrayBuffer> = new Uint32Array(512);

  constructor(width: number) {
    this.width = width;
    this.probe = new Uint32Array(width);
    this.keys = new Uint32Array(512 * width);
  }

  /** Group number of the tuple in `probe`; equal to the old `size` when it is new. */
  group(): number {
    const hash = this.#hashOfProbe();
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) return this.#add(hash, slot);
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1)) return entry - 1;
      slot = (slot + 1) & mask;
    }
  }

  /** True when the tuple in `probe` has a group. */
  has(): boolean {
    const hash = this.#hashOfProbe();
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) return false;
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1)) return true;
      slot = (slot + 1) & mask;
    }
  }

  /** Word `word` of group `group`. */
  key(group: number, word: number): number {
    return this.keys[group * this.width + word] as number;
  }

  /** Word `word` of every group, as a column. */
  column(word: number): Uint32Array<ArrayBuffer> {
    const values = new Uint32Array(this.size);
    for (let group = 0; group < this.size; group++) values[group] = this.key(group, word);
    return values;
  }

  /** Bits `shift .. shift + 16` of word `word` of every group, as a column. */
  halves(word: number, shift: 0 | 16): Uint16Array<ArrayBuffer> {
    const values = new Uint16Array(this.size);
    for (let group = 0; group < this.size; group++) values[group] = this.key(group, word) >>> shift;
    return values;
  }

  #hashOfProbe(): number {
    const { probe, width } = this;
    let hash = SEED;
    for (let i = 0; i < width; i++) {
      hash = Math.imul(hash ^ (probe[i] as number), 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    hash = Math.imul(hash, 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #equals(group: number): boolean {
    const from = group * this.width;
    for (let i = 0; i < this.width; i++) if (this.keys[from + i] !== this.probe[i]) return false;
    return true;
  }

  #add(hash: number, slot: number): number {
    const group = this.size++;
    if (group >= this.#hashes.length) this.#grow();
    const from = group * this.width;
    for (let i = 0; i < this.width; i++) this.keys[from + i] = this.probe[i] as number;
    this.#hashes[group] = hash;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    else this.#slots[slot] = group + 1;
    return group;
  }

  #grow(): void {
    const keys = new Uint32Array(this.keys.length * 2);
    keys.set(this.keys);
    this.keys = keys;
    const hashes = new Uint32Array(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let group = 0; group < this.size; group++) {
      let slot = (this.#hashes[group] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = group + 1;
    }
    this.#slots = slots;
  }
}
