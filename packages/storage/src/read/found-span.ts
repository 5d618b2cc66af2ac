// A span that a search matched, with what leads to the rest of its trace.

import type { MatchedSpan, SpanKindName, StatusCodeName } from "@clew/model";

export interface FoundSpan {
  readonly traceId: string;
  /** Day under which the span is kept, days since 1970. */
  readonly day: number;
  readonly span: MatchedSpan;
}

/** Days that a trace's other rows can lie under when one of its spans lies under the given ones. */
export function nearDays(found: readonly FoundSpan[]): number[] {
  const days = new Set<number>();
  for (const { day } of found)
    for (const near of [day - 1, day, day + 1]) if (near >= 0 && near < 65536) days.add(near);
  return [...days];
}

/** Columns of a query that `foundSpan` reads, in its order. */
export const FOUND_COLUMNS = `lower(hex(trace_id)), toUInt16(day), lower(hex(span_id)), service, name,
  toUnixTimestamp64Nano(start), duration, kind, status`;

export function foundSpan(row: unknown[]): FoundSpan {
  const [traceId, day, spanId, service, name, start, duration, kind, status] = row as [
    string,
    number,
    string,
    string,
    string,
    string,
    string,
    SpanKindName,
    StatusCodeName,
  ];
  const span = {
    spanId,
    service,
    name,
    startUnixNano: start,
    durationNano: Number(duration),
    kind,
    status,
  };
  return { traceId, day, span };
}
