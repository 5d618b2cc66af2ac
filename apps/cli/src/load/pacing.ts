// When the next request is due, and how long to wait before a repeated one.

import type { Random } from "./random.ts";

/** Spreads requests so that `rate` spans a second go out on average; 0 means as fast as possible. */
export class Pacer {
  readonly #rate: number;
  readonly #startMs: number;
  #spans = 0;

  /** `startMs` is when the run starts, on the caller's clock. */
  constructor(rate: number, startMs: number) {
    this.#rate = rate;
    this.#startMs = startMs;
  }

  /**
   * Books `spans` and returns when they are due, in ms of the caller's clock. A sender that was held
   * up finds its next requests overdue and catches up.
   */
  book(spans: number): number {
    const due =
      this.#rate === 0 ? this.#startMs : this.#startMs + (this.#spans * 1000) / this.#rate;
    this.#spans += spans;
    return due;
  }
}

const FIRST_BACKOFF_MS = 100;
const GREATEST_BACKOFF_MS = 5000;
const GREATEST_WISH_MS = 60_000;

/**
 * Milliseconds to wait before attempt `attempt` (2 is the first repetition): the server's wish when it
 * gave one, else twice as long each time up to 5 s; with jitter, so that lanes do not return together.
 */
export function backoffMs(attempt: number, afterMs: number | undefined, random: Random): number {
  if (afterMs !== undefined) return Math.min(afterMs, GREATEST_WISH_MS) * (1 + 0.1 * random.unit());
  const full = Math.min(GREATEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 2));
  return full * (0.5 + 0.5 * random.unit());
}

/** Resolves after `ms`, or at once when `signal` is or becomes aborted. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
