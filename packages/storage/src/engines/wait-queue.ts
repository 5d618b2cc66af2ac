// A fixed set of things that one caller at a time may hold (engine sessions), handed out in the order of
// asking. The queue is bounded in length and in waiting time: beyond that a caller hears `overloaded`.
//
// A question takes several reads, which share the signal that ends it. One that has been served is not refused
// for the queue's length, since what it has read would be lost, and goes before those that have not begun, since
// it holds what it has read in memory. Now and then one of those has its turn all the same, so that long
// questions cannot keep short ones waiting.

import { ClewError } from "@clew/base";

/** Callers that may wait unless told otherwise, beside questions that have begun. A waiting one costs some kilobytes. */
export const MAX_WAITING = 512;
/** Every so many turns are for a question that has not begun. */
const NEW_TURN = 8;
const LEAST_RETRY_MS = 1000;

interface Waiter<T> {
  readonly sinceMs: number;
  grant(item: T): void;
  refuse(error: ClewError): void;
}

/** First come, first served, of those that have begun and of those that have not; `acquire` and `release` come in pairs. */
export class WaitQueue<T> {
  readonly #free: T[];
  readonly #begun: Waiter<T>[] = [];
  readonly #fresh: Waiter<T>[] = [];
  /** Signals of callers that were served. */
  readonly #served = new WeakSet<AbortSignal>();
  readonly #maxWaiting: number;
  readonly #what: string;
  #turns = 0;
  /** How long the last fresh caller waited. */
  #lastWaitMs = 0;
  #closed = false;

  /** `what` names the callers in errors, e.g. "queries". */
  constructor(items: readonly T[], maxWaiting: number, what: string) {
    this.#free = [...items];
    this.#maxWaiting = maxWaiting;
    this.#what = what;
  }

  /**
   * Takes an item, waiting at most `timeoutMs` for it. `signal`: that of the whole question.
   * @throws ClewError `overloaded` when the queue is full or the wait too long, `cancelled` by the signal,
   * `unavailable` once closed.
   */
  async acquire(timeoutMs: number, signal?: AbortSignal): Promise<T> {
    if (this.#closed) throw closedError();
    if (signal?.aborted) throw cancelledError(signal);
    const hasBegun = signal !== undefined && this.#served.has(signal);
    const item = this.#free.pop() ?? (await this.#wait(hasBegun, timeoutMs, signal));
    if (signal !== undefined) this.#served.add(signal);
    return item;
  }

  release(item: T): void {
    const next = this.#next();
    if (next === undefined) this.#free.push(item);
    else next.grant(item);
  }

  /** Callers waiting now. */
  get waiting(): number {
    return this.#begun.length + this.#fresh.length;
  }

  /** Refuses everyone who waits or comes later. Items in use are released by their holders. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#begun.splice(0), ...this.#fresh.splice(0)])
      waiter.refuse(closedError());
  }

  #wait(hasBegun: boolean, timeoutMs: number, signal: AbortSignal | undefined): Promise<T> {
    const queue = hasBegun ? this.#begun : this.#fresh;
    if (!hasBegun && queue.length >= this.#maxWaiting) return Promise.reject(this.#overloaded());
    return new Promise((resolve, reject) => {
      const leave = (error: ClewError): void => {
        const at = queue.indexOf(waiter);
        if (at >= 0) queue.splice(at, 1);
        waiter.refuse(error);
      };
      const onAbort = (): void => leave(cancelledError(signal));
      const timer = setTimeout(() => leave(this.#overloaded()), timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter<T> = {
        sinceMs: performance.now(),
        grant(granted) {
          settle();
          resolve(granted);
        },
        refuse(error) {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      queue.push(waiter);
    });
  }

  #next(): Waiter<T> | undefined {
    const isNewTurn = ++this.#turns % NEW_TURN === 0;
    const begun = isNewTurn && this.#fresh.length > 0 ? undefined : this.#begun.shift();
    if (begun !== undefined) return begun;
    const fresh = this.#fresh.shift();
    if (fresh !== undefined) this.#lastWaitMs = performance.now() - fresh.sinceMs;
    return fresh;
  }

  /** Who is refused may come back when those who wait now have been served, as far as one can tell. */
  #overloaded(): ClewError {
    const oldest = this.#fresh[0]?.sinceMs ?? performance.now();
    const waitMs = Math.max(this.#lastWaitMs, performance.now() - oldest);
    return new ClewError("overloaded", `too many ${this.#what} at once`, {
      hint: "try again shortly",
      retryAfterMs: Math.max(LEAST_RETRY_MS, Math.round(waitMs)),
    });
  }
}

/** The error of a call whose signal was aborted; the signal's reason is its cause. */
export function cancelledError(signal?: AbortSignal): ClewError {
  return new ClewError("cancelled", "the caller went away", { cause: signal?.reason });
}

function closedError(): ClewError {
  return new ClewError("unavailable", "the store is closed");
}
