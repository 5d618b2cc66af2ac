// The ids of one dictionary as ids of another: a string crosses over when it is first asked for, every
// further time is a look into an array.

import { grown } from "@clew/base";
import type { ByteDictionary } from "@clew/model";
import type { SegmentMemory } from "./segment-memory.ts";

/** Valid until the memory's next segment begins. */
export class NameTranslation {
  readonly #from: ByteDictionary;
  readonly #to: ByteDictionary;
  /** Id in `to` + 1; 0 = not known yet. */
  #ids: Uint32Array<ArrayBuffer>;

  constructor(from: ByteDictionary, to: ByteDictionary, memory: SegmentMemory) {
    this.#from = from;
    this.#to = to;
    this.#ids = memory.zeroWords(from.size);
  }

  /** Id in `to` of the string that has `id` in `from`. */
  id(id: number): number {
    if (id === 0) return 0;
    const known = this.#ids[id] ?? 0;
    return known === 0 ? this.#add(id) : known - 1;
  }

  #add(id: number): number {
    const { bytes, offsets } = this.#from;
    const added = this.#to.intern(bytes, offsets[id] as number, offsets[id + 1] as number);
    this.#ids = grown(this.#ids, id + 1);
    this.#ids[id] = added + 1;
    return added;
  }
}
