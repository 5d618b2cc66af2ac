// Stopping a query that runs in the engine.

import type { ClewError } from "@clew/base";

const KILL_EVERY_MS = 50;

/** Stops one query: asks again until it has ended, since a query that is just starting cannot be found yet. */
export class Cancellation {
  error: ClewError | undefined;
  #ended = false;
  readonly #kill: () => Promise<unknown>;

  constructor(kill: () => Promise<unknown>) {
    this.#kill = kill;
  }

  cancel(error: ClewError): void {
    if (this.error !== undefined || this.#ended) return;
    this.error = error;
    void this.#insist();
  }

  finish(): void {
    this.#ended = true;
  }

  async #insist(): Promise<void> {
    while (!this.#ended) {
      await this.#kill();
      if (!this.#ended) await new Promise((wake) => setTimeout(wake, KILL_EVERY_MS));
    }
  }
}
