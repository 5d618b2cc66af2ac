// What one question about whole traces may cost over all the queries that it takes: time, and traces looked at.

import { ClewError } from "@clew/base";
import { timeError } from "../../engines/engine-error.ts";
import type { ReadContext } from "../../read/read-context.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TRACES = 500_000;

export class ReadBudget {
  /** Traces looked at so far. */
  traces = 0;
  readonly #given: ReadContext;
  readonly #began = performance.now();
  readonly #timeoutMs: number;
  readonly #maxTraces: number;

  constructor(context: ReadContext, maxTraces: number = MAX_TRACES) {
    this.#given = context;
    this.#timeoutMs = context.limits?.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#maxTraces = maxTraces;
  }

  get milliseconds(): number {
    return performance.now() - this.#began;
  }

  /**
   * The context of the next query: it has the time that is left.
   * @throws ClewError `limit_exceeded` when none is, `cancelled` when nobody waits any more.
   */
  get context(): ReadContext {
    if (this.#given.signal?.aborted === true)
      throw new ClewError("cancelled", "the query was cancelled");
    const timeoutMs = this.#timeoutMs - this.milliseconds;
    const whole = { ...this.#given.limits?.whole, timeoutMs: this.#timeoutMs };
    const limits = { ...this.#given.limits, timeoutMs, whole };
    if (timeoutMs < 1) throw timeError(limits);
    return { ...this.#given, limits };
  }

  /** @throws ClewError `limit_exceeded` past the limit. */
  countTraces(count: number): void {
    this.traces += count;
    if (this.traces <= this.#maxTraces) return;
    const message = `the query has to look at more than ${this.#maxTraces} traces one by one`;
    throw new ClewError("limit_exceeded", message, {
      hint: "ask for a shorter time range, or add a condition that fewer traces meet",
    });
  }
}
