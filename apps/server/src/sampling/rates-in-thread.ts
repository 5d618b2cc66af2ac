// Rates of sampling in the collector thread: asked of the main thread when a tracer asks, and kept for a moment. The
// main thread says when they have changed.

import type { SamplingAnswer, SamplingSource } from "@clew/collector";

const keptMs = 5000;
const mostAnswers = 10_000;
/** No service has a rate under a longer name: it is told the default. */
const longestName = 1024;

interface Kept {
  readonly answer: Promise<SamplingAnswer>;
  readonly untilMs: number;
}

/** Source of answers that asks with `ask`, which gives each question a number. */
export class RatesInThread implements SamplingSource {
  readonly #ask: (id: number, tenant: string, service: string) => void;
  readonly #kept = new Map<string, Kept>();
  readonly #waiting = new Map<number, PromiseWithResolvers<SamplingAnswer>>();
  #lastId = 0;

  constructor(ask: (id: number, tenant: string, service: string) => void) {
    this.#ask = ask;
  }

  strategy(tenant: string, name: string): Promise<SamplingAnswer> {
    const service = name.length > longestName ? "" : name;
    const key = `${tenant}\n${service}`;
    const nowMs = performance.now();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > nowMs) return kept.answer;
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<SamplingAnswer>();
    this.#waiting.set(id, waiting);
    if (this.#kept.size >= mostAnswers) this.#kept.clear();
    this.#kept.set(key, { answer: waiting.promise, untilMs: nowMs + keptMs });
    this.#ask(id, tenant, service);
    return waiting.promise;
  }

  /** The main thread's answer. */
  answered(id: number, answer: SamplingAnswer): void {
    this.#waiting.get(id)?.resolve(answer);
    this.#waiting.delete(id);
  }

  changed(): void {
    this.#kept.clear();
  }
}
