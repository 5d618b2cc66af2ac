// At most so many traces a second, as a probability that follows the rate of requests: every kept trace then
// says how many it stands for, which a mere token bucket cannot.

import { type Candidate, DROP, KEEP, type Sampler, thresholdOf } from "./sampler.ts";

const WINDOW_MS = 1000;

/** Keeps about `perSecond` traces a second, evenly, and never more than twice as many. */
export class RateLimit implements Sampler {
  readonly #perSecond: number;
  readonly #now: () => number;
  #windowStart: number;
  #seen = 0;
  #kept = 0;
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
    if (this.#threshold === DROP || candidate.randomness() < this.#threshold) return DROP;
    // A burst after silence finds a threshold that is too low: the bucket has the last word.
    if (this.#kept >= Math.max(1, this.#perSecond * 2)) return DROP;
    this.#kept++;
    return this.#seen > this.#perSecond && this.#threshold === 0 ? KEEP : this.#threshold;
  }

  #nextWindow(elapsed: number): void {
    const rate = (this.#seen * 1000) / elapsed;
    this.#threshold = rate <= this.#perSecond ? 0 : thresholdOf(this.#perSecond / rate);
    this.#windowStart += elapsed;
    this.#seen = 0;
    this.#kept = 0;
  }

  toString(): string {
    return `rate_limit(${this.#perSecond}/s)`;
  }
}
