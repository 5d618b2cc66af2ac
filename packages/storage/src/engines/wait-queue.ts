// A fixed set of things that one caller at a time may hold (engine sessions), handed out in the order of
// asking. The queue is bounded in length and in waiting time: beyond that a caller hears `overloaded`.

import { ClewError } from "@clew/base";

interface Waiter<T> {
  grant(item: T): void;
  refuse(error: ClewError): void;
}

/** First come, first served; `acquire` and `release` come in pairs. */
export class WaitQueue<T> {
  readonly #free: T[];
  readonly #waiting: Waiter<T>[] = [];
  readonly #maxWaiting: number;
  readonly #what: string;
  #closed = false;

  /** `what` names the callers in errors, e.g. "queries". */
  constructor(items: readonly T[], maxWaiting: number, what: string) {
    this.#free = [...items];
    this.#maxWaiting = maxWaiting;
    this.#what = what;
  }

  /**
   * Takes an item, waiting at most `timeoutMs` for it.
   * @throws ClewError `overloaded` when the queue is full or the wait too long, `cancelled` by the signal,
   * `unavailable` once closed.
   */
  acquire(timeoutMs: number, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    if (signal?.aborted) return Promise.reject(cancelledError(signal));
    const item = this.#free.pop();
    if (item !== undefined) return Promise.resolve(item);
    if (this.#waiting.length >= this.#maxWaiting) return Promise.reject(this.#overloaded());
    return new Promise((resolve, reject) => {
      const leave = (error: ClewError): void => {
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        waiter.refuse(error);
      };
      const onAbort = (): void => leave(cancelledError(signal));
      const timer = setTimeout(() => leave(this.#overloaded()), timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter<T> = {
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
      this.#waiting.push(waiter);
    });
  }

  release(item: T): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(item);
    else next.grant(item);
  }

  /** Callers waiting now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Refuses everyone who waits or comes later. Items in use are released by their holders. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(closedError());
  }

  #overloaded(): ClewError {
    return new ClewError("overloaded", `too many ${this.#what} at once`, {
      hint: "try again shortly",
      retryAfterMs: 1000,
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
