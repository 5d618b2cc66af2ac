// How many requests may be on their way at once: one more after each success that found the limit reached
// (additive increase), half after a sign of overload (multiplicative decrease).

const FIRST = 2;
/** A latency this many times the best recent one, and this many milliseconds, means that the backend queues. */
const SLOWER = 3;
const NOTICEABLE_MS = 100;
const FORGET = 0.05;

/** An adaptive limit of concurrent requests. */
export class Concurrency {
  readonly #most: number;
  #limit: number;
  #bestMs = Number.POSITIVE_INFINITY;

  /** The limit never exceeds `most`. */
  constructor(most: number) {
    this.#most = Math.max(1, most);
    this.#limit = Math.min(FIRST, this.#most);
  }

  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** Milliseconds that a request takes when the backend is not loaded; 0 before the first. */
  get usualMs(): number {
    return Number.isFinite(this.#bestMs) ? this.#bestMs : 0;
  }

  /** A request took `ms`; `full` when as many as allowed were on their way. */
  succeeded(ms: number, full: boolean): void {
    if (ms < this.#bestMs) this.#bestMs = ms;
    else this.#bestMs += (ms - this.#bestMs) * FORGET;
    const queues = ms > this.#bestMs * SLOWER && ms > this.#bestMs + NOTICEABLE_MS;
    if (queues) this.#limit = Math.max(1, this.#limit - 1);
    else if (full) this.#limit = Math.min(this.#most, this.#limit + 1);
  }

  /** The backend refused or did not answer in time. */
  overloaded(): void {
    this.#limit = Math.max(1, this.#limit / 2);
  }
}
