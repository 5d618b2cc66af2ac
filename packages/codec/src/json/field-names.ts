// Recognises the field names of one JSON message by their bytes, without making strings.

const encoder = new TextEncoder();
const SLOTS = 64;

/** A fixed set of names; a name's number is its place in the list given. */
export class FieldNames {
  readonly #names: Uint8Array[];
  readonly #slots: Int8Array = new Int8Array(SLOTS).fill(-1);

  /** `names`: at most 32, all distinct and not empty. */
  constructor(names: readonly string[]) {
    this.#names = names.map((name) => encoder.encode(name));
    for (const [index, name] of this.#names.entries()) {
      let slot = slotOf(name, 0, name.length);
      while (this.#slots[slot] !== -1) slot = (slot + 1) % SLOTS;
      this.#slots[slot] = index;
    }
  }

  /** Number of the name in `source[from .. to]`, or -1. */
  match(source: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length === 0) return -1;
    let slot = slotOf(source, from, to);
    for (;;) {
      const index = this.#slots[slot] as number;
      if (index < 0) return -1;
      const name = this.#names[index] as Uint8Array;
      if (name.length === length) {
        let i = 0;
        while (i < length && name[i] === source[from + i]) i++;
        if (i === length) return index;
      }
      slot = (slot + 1) % SLOTS;
    }
  }
}

function slotOf(source: Uint8Array, from: number, to: number): number {
  const length = to - from;
  const middle = source[from + (length >> 1)] as number;
  return (
    (length * 5 + (source[from] as number) * 3 + (source[to - 1] as number) + middle * 7) % SLOTS
  );
}
