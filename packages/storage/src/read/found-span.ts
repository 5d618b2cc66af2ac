// What a search finds first: a trace by its newest (slowest) matching span, with what leads to the rest of it.

import type { MatchedSpan, SpanKindName, StatusCodeName } from "@clew/model";

export interface FoundTrace {
  readonly traceId: string;
  /** Day under which the span is kept, days since 1970. */
  readonly day: number;
  readonly span: Pick<MatchedSpan, "startUnixNano" | "durationNano">;
}

/** With all that a list shows of the span. */
export interface FoundSpan extends FoundTrace {
  readonly span: MatchedSpan;
}

/** What is read of each matching span, and how. Every further column costs a granule a match. */
export interface FoundColumns<Found extends FoundTrace> {
  readonly columns: string;
  readonly found: (row: unknown[]) => Found;
}

/** Days that a trace's other rows can lie under when one of its spans lies under the given ones. */
export function nearDays(found: readonly FoundTrace[]): number[] {
  const days = new Set<number>();
  for (const { day } of found)
    for (const near of [day - 1, day, day + 1]) if (near >= 0 && near < 65536) days.add(near);
  return [...days];
}

const KEYS = "lower(hex(trace_id)), toUInt16(day), toUnixTimestamp64Nano(start), duration";

type Keys = [traceId: string, day: number, start: string, duration: string];

export const foundTraces: FoundColumns<FoundTrace> = { columns: KEYS, found: foundTrace };

export const foundSpans: FoundColumns<FoundSpan> = {
  columns: `${KEYS}, lower(hex(span_id)), service, name, kind, status`,
  found: (row) => {
    const [, , , , spanId, service, name, kind, status] = row as [
      ...Keys,
      spanId: string,
      service: string,
      name: string,
      kind: SpanKindName,
      status: StatusCodeName,
    ];
    const { traceId, day, span } = foundTrace(row);
    return { traceId, day, span: { ...span, spanId, service, name, kind, status } };
  },
};

function foundTrace(row: unknown[]): FoundTrace {
  const [traceId, day, startUnixNano, duration] = row as Keys;
  return { traceId, day, span: { startUnixNano, durationNano: Number(duration) } };
}
