// At most so many traces a second, as a probability that follows the rate of requests: every kept trace then
// says how many it stands for, which a mere token bucket cannot.

import { type Candidate, DROP, type Sampler, thresholdOf } from "./sampler.ts";

const WINDOW_MS = 1000;
/** For ids that are not random, which no threshold holds back: more than this, in multiples of the rate, is refused. */
const BURST = 4;
const LEAST_BURST = 10;

/**
 * Keeps about `perSecond` traces a second, evenly. A burst that the second before did not announce is thinned out while
 * it lasts, to twice as many in the mean; each threshold depends on how many came before, never on which were kept, so
 * that what the kept ones stand for adds up to all that came.
 */
export class RateLimit implements Sampler {
  readonly #perSecond: number;
  readonly #now: () => number;
  #windowStart: number;
  #seen = 0;
  #kept = 0;
  /** Share that is kept as long as no more come than in the window before. */
  #share = 1;
  #threshold = 0;

  /** `now` gives milliseconds. */
  constructor(perSecond: number, now: () => number = performance.now.bind(performance)) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#windowStart = now();
  }

  decide(candidate: Candidate): number {
    if (!(this.#perSecond > 0)) return DROP;
    const elapsed = this.#now() - this.#windowStart;
    if (elapsed >= WINDOW_MS) this.#nextWindow(elapsed);
    this.#seen++;
    const threshold = this.#thresholdNow();
    if (threshold === DROP || candidate.randomness() < threshold) return DROP;
    if (this.#kept >= Math.max(LEAST_BURST, this.#perSecond * BURST)) return DROP;
    this.#kept++;
    return threshold;
  }

  /** Shares that fall with the square of the number add up to no more than was expected before (sum of 1/i^2). */
  #thresholdNow(): number {
    const expected = Math.max(1, this.#perSecond / this.#share);
    if (this.#seen <= expected) return this.#threshold;
    return thresholdOf(this.#share * (expected / this.#seen) ** 2);
  }

  #nextWindow(elapsed: number): void {
    const rate = (this.#seen * 1000) / elapsed;
    this.#share = rate <= this.#perSecond ? 1 : this.#perSecond / rate;
    this.#threshold = thresholdOf(this.#share);
    this.#windowStart += elapsed;
    this.#seen = 0;
    this.#kept = 0;
  }

  toString(): string {
    return `rate_limit(${this.#perSecond}/s)`;
  }
}
