// How the spans of a trace hang together: parents, children, links, calls between services. For traces of a test
// or of a synthetic request, not for the write path.

import type { SpanFacts } from "@clew/model";

/** Spans of one or several traces that belong together, indexed. */
export class TraceFacts {
  readonly spans: readonly SpanFacts[];
  /** Spans whose id another span had before. */
  readonly duplicates: readonly SpanFacts[];
  /** Spans whose parent is not there. */
  readonly orphans: readonly SpanFacts[];
  readonly #byId = new Map<string, SpanFacts>();
  readonly #children = new Map<string, SpanFacts[]>();

  constructor(spans: readonly SpanFacts[]) {
    this.spans = spans.toSorted((a, b) => (a.startUnixNano < b.startUnixNano ? -1 : 1));
    const duplicates: SpanFacts[] = [];
    for (const span of this.spans) {
      if (this.#byId.has(keyOf(span.traceId, span.spanId))) duplicates.push(span);
      else this.#byId.set(keyOf(span.traceId, span.spanId), span);
    }
    for (const span of this.#byId.values()) {
      if (span.parentSpanId === "") continue;
      const key = keyOf(span.traceId, span.parentSpanId);
      const siblings = this.#children.get(key);
      if (siblings === undefined) this.#children.set(key, [span]);
      else siblings.push(span);
    }
    this.duplicates = duplicates;
    this.orphans = this.spans.filter(
      (span) => span.parentSpanId !== "" && this.parentOf(span) === undefined,
    );
  }

  parentOf(span: SpanFacts): SpanFacts | undefined {
    if (span.parentSpanId === "" || span.parentSpanId === span.spanId) return undefined;
    return this.#byId.get(keyOf(span.traceId, span.parentSpanId));
  }

  childrenOf(span: SpanFacts): readonly SpanFacts[] {
    return this.#children.get(keyOf(span.traceId, span.spanId)) ?? [];
  }

  /** Spans that `span` links to, as far as they are here. */
  linkedBy(span: SpanFacts): readonly SpanFacts[] {
    return span.links.flatMap(
      ({ traceId, spanId }) => this.#byId.get(keyOf(traceId, spanId)) ?? [],
    );
  }

  get services(): ReadonlySet<string> {
    return new Set(this.spans.map(({ service }) => service));
  }

  /** Calls between services, by parent or by link: `caller -> callee`. */
  edges(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const span of this.spans) {
      const callers = [this.parentOf(span) ?? [], this.linkedBy(span)].flat();
      for (const edge of new Set(callers.map(({ service }) => edgeName(service, span.service)))) {
        if (edge !== edgeName(span.service, span.service))
          counts.set(edge, (counts.get(edge) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** Nanoseconds from the first start to the last end. */
  get durationNano(): number {
    const first = this.spans[0]?.startUnixNano;
    if (first === undefined) return 0;
    return Math.max(
      ...this.spans.map((span) => Number(span.startUnixNano - first) + span.durationNano),
    );
  }
}

export function edgeName(caller: string, callee: string): string {
  return `${caller} -> ${callee}`;
}

function keyOf(traceId: string, spanId: string): string {
  return traceId + spanId;
}
