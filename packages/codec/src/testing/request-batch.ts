// Test support: the batch that a sender's OTLP JSON request makes, and its spans with what nests them.

import { SpanBatch } from "@clew/model";
import { decodeTracesJson } from "../otlp/decode-traces-json.ts";

/** An OTLP JSON AnyValue as tests read it. */
export interface SentValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number | string;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly SentValue[] };
  readonly kvlistValue?: { readonly values?: readonly SentAttribute[] };
}

export interface SentAttribute {
  readonly key: string;
  readonly value: SentValue;
}

/** A span of a request with the attributes of its resource. */
export interface SentSpan {
  readonly resource: readonly SentAttribute[];
  readonly scope: { readonly name?: string; readonly version?: string };
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly flags?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly SentAttribute[];
  readonly events?: readonly {
    readonly timeUnixNano?: string;
    readonly name?: string;
    readonly attributes?: readonly SentAttribute[];
  }[];
  readonly links?: readonly {
    readonly traceId?: string;
    readonly spanId?: string;
    readonly attributes?: readonly SentAttribute[];
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

/** The columns of an OTLP JSON request. */
export function batchOf(request: unknown): SpanBatch {
  const batch = new SpanBatch();
  batch.beginRequest("default", 0);
  decodeTracesJson(new TextEncoder().encode(JSON.stringify(request)), batch);
  return batch;
}

/** The spans of an OTLP JSON request in their order. */
export function sentSpans(request: unknown): SentSpan[] {
  type Scope = { scope?: SentSpan["scope"]; spans?: SentSpan[] };
  type Resource = { resource?: { attributes?: SentAttribute[] }; scopeSpans?: Scope[] };
  const { resourceSpans } = request as { resourceSpans: Resource[] };
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope = {}, spans = [] }) =>
      spans.map((span) => ({ ...span, resource: resource?.attributes ?? [], scope })),
    ),
  );
}
