import { LogBatch, SpanBatch } from "@clew/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logRequest, traceRequest } from "../testing/arbitrary-otlp.ts";
import { logsOf, spansOf } from "../testing/snapshot.ts";
import { decodeLogs } from "./decode-logs.ts";
import { decodeLogsJson } from "./decode-logs-json.ts";
import { decodeTraces } from "./decode-traces.ts";
import { decodeTracesJson } from "./decode-traces-json.ts";
import { encodeLogs } from "./encode-logs.ts";
import { encodeLogsJson } from "./encode-logs-json.ts";
import { encodeTraces } from "./encode-traces.ts";
import { encodeTracesJson } from "./encode-traces-json.ts";

const encoder = new TextEncoder();

function spanBatch(fill: (batch: SpanBatch) => void): SpanBatch {
  const batch = new SpanBatch();
  batch.beginRequest("team", 7);
  fill(batch);
  return batch;
}

function logBatch(fill: (batch: LogBatch) => void): LogBatch {
  const batch = new LogBatch();
  batch.beginRequest("team", 7);
  fill(batch);
  return batch;
}

// What the sender wrote, read with JSON.parse and told in the snapshot's words.
function sent(request: unknown): { name: string; start: bigint; count: number; flags: number }[] {
  type Span = { name?: string; startTimeUnixNano?: string; attributes?: []; flags?: number };
  type Request = { resourceSpans: { scopeSpans?: { spans?: Span[] }[] }[] };
  return (request as Request).resourceSpans
    .flatMap((resource) => resource.scopeSpans ?? [])
    .flatMap((scope) => scope.spans ?? [])
    .map((span) => ({
      name: span.name ?? "",
      start: BigInt(span.startTimeUnixNano ?? 0),
      count: span.attributes?.length ?? 0,
      flags: span.flags ?? 0,
    }));
}

describe("traces", () => {
  test("every span that was sent in JSON is in the batch, in order", () => {
    fc.assert(
      fc.property(traceRequest, (request) => {
        const body = encoder.encode(JSON.stringify(request));
        const batch = spanBatch((b) => decodeTracesJson(body, b));
        const kept = Array.from({ length: batch.length }, (_, row) => ({
          name: batch.strings.text(batch.name[row] as number),
          start: batch.startNano(row),
          count:
            (batch.attributeOffsets[row + 1] as number) - (batch.attributeOffsets[row] as number),
          flags: batch.flags[row] as number,
        }));
        expect(kept).toEqual(sent(request));
      }),
      { numRuns: 150 },
    );
  });

  test("a batch comes back from protobuf and from JSON as it was", () => {
    fc.assert(
      fc.property(traceRequest, (request) => {
        const body = encoder.encode(JSON.stringify(request, undefined, 1));
        const first = spanBatch((b) => decodeTracesJson(body, b));
        const bytes = encodeTraces(first);
        const second = spanBatch((b) => decodeTraces(bytes, b));
        expect(second.length).toBe(first.length);
        // Grouping may bring spans of equal resources together; from then on the order is stable.
        const text = encoder.encode([...encodeTracesJson(second)].join(""));
        const third = spanBatch((b) => decodeTracesJson(text, b));
        expect(spansOf(third)).toEqual(spansOf(second));
        expect(sorted(spansOf(second))).toEqual(sorted(spansOf(first)));
        expect(encodeTraces(third)).toEqual(bytes);
      }),
      { numRuns: 250 },
    );
  });
});

describe("logs", () => {
  test("a batch comes back from protobuf and from JSON as it was", () => {
    fc.assert(
      fc.property(logRequest, (request) => {
        const body = encoder.encode(JSON.stringify(request));
        const first = logBatch((b) => decodeLogsJson(body, b));
        const bytes = encodeLogs(first);
        const second = logBatch((b) => decodeLogs(bytes, b));
        const text = encoder.encode([...encodeLogsJson(second)].join(""));
        const third = logBatch((b) => decodeLogsJson(text, b));
        expect(logsOf(third)).toEqual(logsOf(second));
        expect(sorted(logsOf(second))).toEqual(sorted(logsOf(first)));
        expect(encodeLogs(third)).toEqual(bytes);
      }),
      { numRuns: 250 },
    );
  });
});

function sorted(records: unknown[]): string[] {
  const plain = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);
  return records.map((record) => JSON.stringify(record, plain)).sort();
}
