// Latencies in log-scaled buckets: each power of two of microseconds is cut into 32, so a quantile is
// at most 3 % off, in constant memory.

const STEPS = 32;
const POWERS = 32;

/** Counts of durations between 1 us and about an hour. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(STEPS * POWERS);
  #total = 0;
  #greatestMs = 0;

  /** Adds one duration in milliseconds. */
  add(ms: number): void {
    const micros = Math.max(1, ms * 1000);
    const power = Math.min(POWERS - 1, Math.floor(Math.log2(micros)));
    const step = Math.min(STEPS - 1, Math.floor((micros / 2 ** power - 1) * STEPS));
    const bucket = power * STEPS + step;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#total++;
    this.#greatestMs = Math.max(this.#greatestMs, ms);
  }

  /** The greatest duration, exact, milliseconds. */
  get greatestMs(): number {
    return this.#greatestMs;
  }

  /** Upper bound of the bucket that holds quantile `q` (0..1), milliseconds; 0 when empty. */
  quantileMs(q: number): number {
    const wanted = Math.max(1, Math.ceil(this.#total * q));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen < wanted) continue;
      const micros = 2 ** Math.floor(bucket / STEPS) * (1 + ((bucket % STEPS) + 1) / STEPS);
      return Math.min(this.#greatestMs, micros / 1000);
    }
    return 0;
  }
}
