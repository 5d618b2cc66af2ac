// Random choices that are the same in every run, and quantiles of what was measured.

/** Seeded draws (a linear congruential generator is random enough to spread parameters). */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to but not including 1. */
  unit(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }

  /** A whole number from 0 up to but not including `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** One of the values. Throws when there is none. */
  from<T>(values: readonly T[]): T {
    if (values.length === 0) throw new Error("there is nothing to draw from");
    return values[this.below(values.length)] as T;
  }
}

/** The value that this share of the values does not exceed; NaN without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
