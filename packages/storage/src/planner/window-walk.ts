// Windows over a time range, newest first. They grow as long as too little is found in them, so that a common
// find reads a minute and a rare one reads the range once.

import type { TimeRange } from "@clew/model";

const MINUTE_NANO = 60_000_000_000n;
const MIN_GROWTH = 2;
const MAX_GROWTH = 32;

export class WindowWalk {
  readonly #start: bigint;
  #high: bigint;
  #width: bigint;
  readonly #longest: bigint | undefined;

  /** `range` in storable times. `first`, `longest`: lengths of windows, nanoseconds, whole minutes. */
  constructor({ startNano, endNano }: TimeRange, first: bigint = MINUTE_NANO, longest?: bigint) {
    this.#longest = longest;
    this.#start = startNano;
    this.#high = endNano;
    this.#width = first;
  }

  /** The next window down; undefined when the range is done. */
  next(): TimeRange | undefined {
    const endNano = this.#high;
    if (endNano <= this.#start) return undefined;
    // Whole minutes are told apart by the primary key alone.
    const wanted = endNano - this.#width - ((endNano - this.#width) % MINUTE_NANO);
    // What would be left of the range is read along when it is no longer than the window.
    const startNano = wanted - this.#width > this.#start ? wanted : this.#start;
    this.#high = startNano;
    return { startNano, endNano };
  }

  /**
   * Sizes the next window: enough for what is missing if things go on as in the last one, and the more on top
   * the fewer were found, because a further query costs more than a longer window.
   */
  grow(foundLately: number, missing: number): void {
    const spare = 1.2 + 1.5 / Math.sqrt(foundLately);
    const wanted = Math.ceil((missing / foundLately) * spare);
    this.#width *= BigInt(Math.max(MIN_GROWTH, Math.min(MAX_GROWTH, wanted)));
    if (this.#longest !== undefined && this.#width > this.#longest) this.#width = this.#longest;
  }
}
