// Windows over a time range, newest first. They grow as long as too little is found in them, so that a common
// find reads a minute and a rare one reads the range once. Over a gap in which nothing at all lies they go on
// short: what lies behind it is as dense as anything else.

import type { TimeRange } from "@clew/model";

const MINUTE_NANO = 60_000_000_000n;
const MIN_GROWTH = 2;
const MAX_GROWTH = 32;
/** Up to this length the next window is read rather than asked about: it costs no more than asking. */
const UNASKED_NANO = 32n * MINUTE_NANO;

/** The last minute (since 1970) with spans in a range of whole minutes; undefined when it has none. */
export type NewestMinute = (range: TimeRange) => Promise<number | undefined>;

export class WindowWalk {
  readonly #start: bigint;
  #high: bigint;
  #width: bigint;
  readonly #longest: bigint | undefined;
  /** End of the last window. */
  #lastEnd: bigint;
  /** Width of the window after the next gap; grows too, so that a range of many gaps takes few windows. */
  #widthAfterGap: bigint;
  /** A long window had spans, and nothing was found: what lies below has to be read whether near or far. */
  #isRare = false;

  /** `range` in storable times. `first`, `longest`: lengths of windows, nanoseconds, whole minutes. */
  constructor({ startNano, endNano }: TimeRange, first: bigint = MINUTE_NANO, longest?: bigint) {
    this.#longest = longest;
    this.#start = startNano;
    this.#high = endNano;
    this.#width = first;
    this.#lastEnd = endNano;
    this.#widthAfterGap = first;
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
    this.#lastEnd = endNano;
    return { startNano, endNano };
  }

  /**
   * Sizes the next window: enough for what is missing if things go on as in the last one, and the more on top
   * the fewer were found, because a further query costs more than a longer window.
   */
  grow(foundLately: number, missing: number): void {
    const spare = 1.2 + 1.5 / Math.sqrt(foundLately);
    const wanted = Math.ceil((missing / foundLately) * spare);
    const growth = BigInt(Math.max(MIN_GROWTH, Math.min(MAX_GROWTH, wanted)));
    this.#width = this.#notTooLong(this.#width * growth);
  }

  /** Like {@link grow}, but after a window without any spans goes on, with a short one, where there are some. */
  async growOverGap(
    foundLately: number,
    missing: number,
    newestMinute: NewestMinute,
  ): Promise<void> {
    const isLong = this.#width * BigInt(MAX_GROWTH) > UNASKED_NANO;
    if (foundLately === 0 && isLong && !this.#isRare && this.#high > this.#start) {
      const endNano = this.#lastEnd - (this.#lastEnd % MINUTE_NANO);
      const minute = await newestMinute({ startNano: this.#start, endNano });
      const spansEnd = minute === undefined ? this.#start : BigInt(minute + 1) * MINUTE_NANO;
      if (spansEnd <= this.#high) {
        this.#high = spansEnd;
        this.#width = this.#notTooLong(this.#widthAfterGap);
        this.#widthAfterGap *= BigInt(MAX_GROWTH);
        return;
      }
      this.#isRare = true;
    }
    this.grow(foundLately, missing);
  }

  #notTooLong(width: bigint): bigint {
    return this.#longest !== undefined && width > this.#longest ? this.#longest : width;
  }
}
