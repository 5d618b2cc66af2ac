// Statements that run a few at a time, while whoever gave them goes on. The embedded engine plans a statement on the
// thread that asks: each starts in a turn of its own, so that everything else on the thread goes in between.

import { setImmediate } from "node:timers/promises";

export class Lanes {
  readonly #count: number;
  #turn: Promise<unknown> = Promise.resolve();
  #work: Promise<unknown> = Promise.resolve();
  #error: { readonly thrown: unknown } | undefined;

  /** `count`: statements at once. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Starts them in order; a statement starts when the generator is asked for it. What was given before must be done. */
  start(statements: Generator<Promise<void>>): void {
    const lanes = Array.from({ length: this.#count }, () => this.#run(statements));
    this.#work = Promise.all(lanes).catch((thrown: unknown) => {
      this.#error ??= { thrown };
    });
  }

  /** Resolves when all that was given is done. @throws what a statement has thrown; the rest is not started then. */
  async done(): Promise<void> {
    await this.#work;
    if (this.#error !== undefined) throw this.#error.thrown;
  }

  async #run(statements: Generator<Promise<void>>): Promise<void> {
    for (;;) {
      this.#turn = this.#turn.then(() => setImmediate());
      await this.#turn;
      if (this.#error !== undefined) return;
      const { value, done } = statements.next();
      if (done === true) return;
      await value;
    }
  }
}
