// Long work on this thread in stretches, so that others have their turn between them.

import { setImmediate } from "node:timers/promises";

const STRETCH_MS = 10;

export class Turns {
  #until = performance.now() + STRETCH_MS;

  /** Whether this turn has lasted long enough: to be asked every now and then. */
  get isOver(): boolean {
    return performance.now() > this.#until;
  }

  /** Lets others go first. */
  async next(): Promise<void> {
    await setImmediate();
    this.#until = performance.now() + STRETCH_MS;
  }
}
