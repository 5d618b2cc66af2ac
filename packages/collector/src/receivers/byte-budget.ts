// A ceiling on the bytes that all requests together hold while they are read and decompressed.
// Bytes count as they arrive, not as they are announced: a sender that promises 64 MiB and then
// stalls holds nothing.

import { ClewError } from "@clew/base";

const RETRY_AFTER_MS = 1000;

/** Bytes shared by all requests in flight. */
export class ByteBudget {
  readonly limitBytes: number;
  usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** A share of the budget, empty at first, for one request. */
  lease(): ByteLease {
    return new ByteLease(this);
  }
}

/** What one request holds of a budget. */
export class ByteLease {
  #budget: ByteBudget;
  #heldBytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Takes `bytes` more. Throws ClewError `overloaded` when the budget has no room for them. */
  take(bytes: number): void {
    const used = this.#budget.usedBytes + bytes;
    if (used > this.#budget.limitBytes) {
      throw new ClewError(
        "overloaded",
        `requests in flight already hold ${this.#budget.usedBytes} of ${this.#budget.limitBytes} bytes`,
        { retryAfterMs: RETRY_AFTER_MS, hint: "retry later, or send smaller batches" },
      );
    }
    this.#budget.usedBytes = used;
    this.#heldBytes += bytes;
  }

  /** Gives everything back; may be called more than once. */
  release(): void {
    this.#budget.usedBytes -= this.#heldBytes;
    this.#heldBytes = 0;
  }
}
