// The spans that have begun and not ended, oldest first, so that a crash can still show them. A list through
// the spans themselves: nothing is allocated. Spans that nobody ever ends fall out at the far end.

import type { SpanKind } from "@opentelemetry/api";
import type { RecordingSpan } from "./span.ts";

const MOST = 10_000;
const SERVER: SpanKind = 1;
const CONSUMER: SpanKind = 4;

/** Whether a span is work that somebody asked this process for. */
function serves({ kind }: RecordingSpan): boolean {
  return kind === SERVER || kind === CONSUMER;
}

/** A bounded list of open spans. */
export class OpenSpans {
  #first: RecordingSpan | undefined = undefined;
  #last: RecordingSpan | undefined = undefined;
  #count = 0;
  /** How many of them are requests that are served, or messages that are processed. */
  serving = 0;
  /** Spans that were still open when they had to make room. */
  forgotten = 0;

  get size(): number {
    return this.#count;
  }

  /** Appends a span that has just begun. */
  add(span: RecordingSpan): void {
    span.before = this.#last;
    if (this.#last === undefined) this.#first = span;
    else this.#last.after = span;
    this.#last = span;
    if (serves(span)) this.serving++;
    if (++this.#count > MOST && this.#first !== undefined) {
      this.forgotten++;
      this.remove(this.#first);
    }
  }

  /** Takes a span out; one that is not in the list is left alone. */
  remove(span: RecordingSpan): void {
    const { before, after } = span;
    if (before === undefined && this.#first !== span) return;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    span.before = undefined;
    span.after = undefined;
    this.#count--;
    if (serves(span)) this.serving--;
  }

  /** All open spans, oldest first. */
  *[Symbol.iterator](): IterableIterator<RecordingSpan> {
    let span = this.#first;
    while (span !== undefined) {
      const { after } = span;
      yield span;
      span = after;
    }
  }
}
