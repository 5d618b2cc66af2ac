// What was open when a process ends without a word, by `kill -9` or for want of memory: spans that have been open
// for a while are written to the disk again and again, and a next start sends those of a dead process.

import type { OpenSpans } from "../trace/open-spans.ts";
import { Scope } from "../trace/scope.ts";
import type { RecordingSpan } from "../trace/span.ts";
import type { Batch } from "./batch.ts";
import { OpenBatch } from "./open-batch.ts";

/** Shorter spans are not worth the writing: most end before anybody could miss them. */
const OPEN_FOR_MS = 1000;
const MOST = 1000;

/** Makes records of spans that stay open. */
export class Journal {
  readonly #open: OpenSpans;
  readonly #batch: OpenBatch;
  #known = "";

  constructor(open: OpenSpans, resource: () => Buffer) {
    this.#open = open;
    this.#batch = new OpenBatch(resource);
  }

  /** A batch of the spans that are open for long; `undefined` for none, and `same` when nothing changed. */
  next(nowMs: number): Batch | undefined | "same" {
    const spans: RecordingSpan[] = [];
    for (const span of this.#open) {
      if (nowMs - span.startMs < OPEN_FOR_MS || spans.length === MOST) break;
      spans.push(span);
    }
    const known = spans.map(({ spanId }) => spanId).join();
    if (known === this.#known) return "same";
    this.#known = known;
    return spans.length === 0 ? undefined : this.#encode(spans, nowMs);
  }

  #encode(spans: readonly RecordingSpan[], nowMs: number): Batch {
    // Scopes hold the bytes of the open batch: these spans need some of their own.
    const copies = new Map<unknown, Scope>();
    for (const span of spans) {
      const { scope, limits } = span;
      const { name, version } = scope as Scope;
      const copy = copies.get(scope) ?? new Scope(name, version, { limits, take() {} });
      copies.set(scope, copy);
      span.endMs = nowMs;
      this.#batch.add(copy, span, true);
      span.endMs = 0;
    }
    return this.#batch.seal(0);
  }
}
