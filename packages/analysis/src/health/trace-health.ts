// Adds up how whole traces are, one trace after another: orphans and duplicates, calls whose other half is
// missing, and clocks that disagree.

import type { SpanKindName, TraceHealth } from "@clew/model";
import { ClockTally } from "./clock-tally.ts";
import { PropagationTally } from "./propagation-tally.ts";

export interface HealthSpan {
  /** Unique within the trace unless a sender made a mistake; any text. */
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly service: string;
  /** Empty where the resource names none. */
  readonly host: string;
  readonly kind: SpanKindName;
  /** Nanoseconds since an instant that all spans share; a double, so not since 1970. */
  readonly start: number;
  readonly duration: number;
  /** Whom a client span called, as it says: peer service, or address and port. Empty where it says nothing. */
  readonly peer: string;
  /** Whether the span counts, or is only there so that its relatives are found. */
  readonly counts: boolean;
}

interface ServiceTally {
  spans: number;
  orphans: number;
  duplicates: number;
  example: string | undefined;
}

export class TraceHealthTally {
  readonly #services = new Map<string, ServiceTally>();
  readonly #propagation = new PropagationTally();
  readonly #clocks = new ClockTally();
  #traces = 0;
  #spans = 0;
  #tracesWithOrphans = 0;
  #rootlessTraces = 0;

  /** Adds all known spans of one trace. */
  addTrace(traceId: string, spans: readonly HealthSpan[]): void {
    if (!spans.some(({ counts }) => counts)) return;
    const byId = new Map<string, HealthSpan>();
    const called = new Set<HealthSpan>();
    for (const span of spans) if (!byId.has(span.spanId)) byId.set(span.spanId, span);
    let orphans = 0;
    for (const span of spans) {
      const parent = span.parentSpanId === "" ? undefined : byId.get(span.parentSpanId);
      const isOrphan = span.parentSpanId !== "" && parent === undefined;
      if (parent !== undefined && parent !== span && isCall(parent, span)) {
        called.add(parent);
        if (parent.counts) this.#addCall(traceId, parent, span);
      }
      if (!span.counts) continue;
      this.#addSpan(traceId, span, isOrphan, byId.get(span.spanId) !== span);
      if (isOrphan) orphans++;
    }
    for (const span of spans)
      if (
        span.counts &&
        span.kind === "client" &&
        !called.has(span) &&
        byId.get(span.spanId) === span
      )
        this.#propagation.addOpen(traceId, span.service, span.peer);
    this.#traces++;
    if (orphans > 0) this.#tracesWithOrphans++;
    if (spans.every(({ parentSpanId }) => parentSpanId !== "")) this.#rootlessTraces++;
  }

  /** The health of everything added. `sampledShare`: how much of the range that was, 0..1. */
  report(sampledShare: number): TraceHealth {
    const services = [...this.#services.entries()].map(([service, tally]) => ({
      service,
      spans: tally.spans,
      orphanSpans: tally.orphans,
      duplicateSpans: tally.duplicates,
      ...(tally.example === undefined ? {} : { exampleTraceId: tally.example }),
    }));
    services.sort((a, b) => b.orphanSpans - a.orphanSpans || (a.service < b.service ? -1 : 1));
    return {
      sampledShare,
      traces: this.#traces,
      spans: this.#spans,
      orphanSpans: services.reduce((sum, { orphanSpans }) => sum + orphanSpans, 0),
      tracesWithOrphans: this.#tracesWithOrphans,
      rootlessTraces: this.#rootlessTraces,
      duplicateSpans: services.reduce((sum, { duplicateSpans }) => sum + duplicateSpans, 0),
      services,
      propagation: this.#propagation.report(new Set(this.#services.keys())),
      clocks: this.#clocks.report(),
    };
  }

  #addSpan(traceId: string, span: HealthSpan, isOrphan: boolean, isDuplicate: boolean): void {
    let tally = this.#services.get(span.service);
    if (tally === undefined) {
      tally = { spans: 0, orphans: 0, duplicates: 0, example: undefined };
      this.#services.set(span.service, tally);
    }
    this.#spans++;
    tally.spans++;
    if (isDuplicate) tally.duplicates++;
    if (!isOrphan) return;
    tally.orphans++;
    tally.example ??= traceId;
  }

  #addCall(traceId: string, caller: HealthSpan, callee: HealthSpan): void {
    this.#propagation.addCall(caller.service, caller.peer, callee.service);
    if (caller.host !== "" && callee.host !== "" && caller.host !== callee.host)
      this.#clocks.add(traceId, caller, callee);
  }
}

/** Both halves of a remote call. */
function isCall(parent: HealthSpan, child: HealthSpan): boolean {
  return parent.kind === "client" && child.kind === "server" && parent.service !== child.service;
}
