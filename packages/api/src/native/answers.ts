// Answers of the native API as zod schemas: the source of the OpenAPI document. Their declared types are the
// read side's own, so the compiler notices when the two drift apart.

import type * as model from "@clew/model";
import { spanKindNames, statusCodeNames } from "@clew/model";
import { z } from "zod";
import { type ErrorBody, errorCodes } from "../http/errors.ts";

const nano = z.string().regex(/^\d+$/).describe("Nanoseconds since 1970, decimal.");
const durationNano = z.number().describe("Nanoseconds.");
const traceId = z.string().regex(/^[0-9a-f]{32}$/);
const spanId = z.string().regex(/^[0-9a-f]{16}$/);
const count = z.number().min(0).describe("Adjusted for sampling, so it may be fractional.");
const kind = z.enum(spanKindNames);
const status = z.enum(statusCodeNames);
const series = z.array(z.number()).readonly();

const red = {
  count,
  errorCount: count,
  ratePerSecond: z.number().min(0),
  errorRate: z.number().min(0).max(1),
  p50Nano: durationNano,
  p95Nano: durationNano,
  p99Nano: durationNano,
  maxNano: durationNano,
};

const matchedSpan = z.strictObject({
  spanId,
  service: z.string(),
  name: z.string(),
  startUnixNano: nano,
  durationNano,
  kind,
  status,
});

const traceSummary = z.strictObject({
  traceId,
  startUnixNano: nano,
  durationNano,
  rootService: z.string().exactOptional().describe("Absent while the root span has not arrived."),
  rootName: z.string().exactOptional(),
  spanCount: z.int().min(0),
  errorCount: z.int().min(0),
  services: z.array(z.string()).readonly().describe("Names of the services in the trace, sorted."),
  matched: matchedSpan.describe("The span that matched: the newest or the slowest, as sorted."),
});

export const searchResult: z.ZodType<model.SearchResult> = z.strictObject({
  traces: z.array(traceSummary).readonly(),
  nextCursor: z.string().exactOptional().describe("Absent on the last page."),
});

const serviceSummary = z.strictObject({
  ...red,
  service: z.string(),
  basis: z
    .enum(["requests", "spans"])
    .describe("What is counted: server and consumer spans, or all."),
  spanCount: count,
});
export const servicesAnswer: z.ZodType<{ readonly services: readonly model.ServiceSummary[] }> =
  z.strictObject({ services: z.array(serviceSummary).readonly() });

const operationSummary = z.strictObject({
  ...red,
  service: z.string(),
  operation: z.string(),
  kind,
});
export const operationsAnswer: z.ZodType<{
  readonly operations: readonly model.OperationSummary[];
}> = z.strictObject({ operations: z.array(operationSummary).readonly() });

export const redSeries: z.ZodType<model.RedSeries> = z.strictObject({
  startUnixNano: nano,
  stepNano: durationNano,
  count: series,
  errorCount: series,
  p50Nano: series,
  p95Nano: series,
  p99Nano: series,
});

export const heatmap: z.ZodType<model.Heatmap> = z.strictObject({
  startUnixNano: nano,
  stepNano: durationNano,
  bucketNano: series.describe("Bounds of the buckets, ascending: one more than there are buckets."),
  counts: z.array(series).readonly().describe("counts[column][bucket]"),
  errorCounts: z.array(series).readonly().describe("Of `counts`, those with status error."),
});

const serviceNode = z.strictObject({
  id: z.string(),
  name: z.string(),
  type: z.enum(["service", "database", "messaging", "external"]),
});

const serviceEdge = z.strictObject({
  source: z.string(),
  target: z.string(),
  count,
  errorCount: count,
  ratePerSecond: z.number().min(0),
  p50Nano: durationNano,
  p95Nano: durationNano,
  p99Nano: durationNano,
});

export const serviceMap: z.ZodType<model.ServiceMap> = z.strictObject({
  nodes: z.array(serviceNode).readonly(),
  edges: z.array(serviceEdge).readonly(),
});

const exampleTraceId = z.string().exactOptional().describe("A trace that shows it.");
const nanoOffset = z.number().describe("Nanoseconds.");

export const traceHealth: z.ZodType<model.TraceHealth> = z.strictObject({
  sampledShare: z.number().min(0).max(1).describe("Share of the traces that was looked at."),
  traces: count,
  spans: count,
  orphanSpans: count.describe("Spans that name a parent which is not stored."),
  tracesWithOrphans: count,
  rootlessTraces: count,
  duplicateSpans: count,
  services: z
    .array(
      z.strictObject({
        service: z.string(),
        spans: count,
        orphanSpans: count,
        duplicateSpans: count,
        exampleTraceId,
      }),
    )
    .readonly(),
  propagation: z
    .array(
      z.strictObject({
        caller: z.string(),
        callee: z.string(),
        calls: count,
        brokenCalls: count.describe("Without a server half, although the callee sends spans."),
        exampleTraceId,
      }),
    )
    .readonly(),
  clocks: z
    .array(
      z.strictObject({
        callerHost: z.string(),
        calleeHost: z.string(),
        calls: count,
        offsetNano: nanoOffset.describe("Median of the callee's clock minus the caller's."),
        certainCalls: count.describe("Calls that cannot be explained by the network."),
        leastNano: nanoOffset.describe("The clocks differ by at least this much."),
        exampleTraceId,
      }),
    )
    .readonly(),
});

const valueType = z.enum(["string", "int", "double", "bool", "other"]);
const attributeKey = z.strictObject({
  scope: z.enum(["span", "resource"]),
  key: z.string(),
  type: valueType,
  count,
});
export const attributeKeysAnswer: z.ZodType<{ readonly keys: readonly model.AttributeKey[] }> =
  z.strictObject({ keys: z.array(attributeKey).readonly() });

const attributeValue = z.strictObject({ value: z.string(), type: valueType, count });
export const attributeValuesAnswer: z.ZodType<{
  readonly values: readonly model.AttributeValue[];
}> = z.strictObject({ values: z.array(attributeValue).readonly() });

const logRecord = z.strictObject({
  timeUnixNano: nano,
  severityNumber: z.int().min(0).max(24),
  severityText: z.string(),
  service: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  eventName: z.string(),
  body: z.string().describe("The body when it is a string, else its OTLP JSON text."),
  attributes: z.record(z.string(), z.unknown()).readonly().describe("OTLP JSON AnyValues by key."),
});
export const logsAnswer: z.ZodType<{ readonly logs: readonly model.LogRecord[] }> = z.strictObject({
  logs: z.array(logRecord).readonly(),
});

export const readyAnswer: z.ZodType = z.strictObject({
  status: z.literal("ok"),
  version: z.string(),
  uptimeSeconds: z.number().min(0),
});
export const notReadyAnswer: z.ZodType = z.strictObject({
  status: z.enum(["starting", "degraded"]),
  version: z.string(),
  uptimeSeconds: z.number().min(0),
  reasons: z.array(z.string()).readonly(),
});

/** OTLP JSON TracesData; its inside is OTLP's to define. */
export const tracesData: z.ZodType = z
  .looseObject({ resourceSpans: z.array(z.looseObject({})) })
  .describe("OTLP JSON TracesData (opentelemetry-proto v1).");

export const errorAnswer: z.ZodType<ErrorBody> = z.strictObject({
  error: z.strictObject({
    code: z.enum(errorCodes),
    message: z.string(),
    hint: z.string().exactOptional().describe("What to do about it."),
    at: z
      .strictObject({ start: z.int().min(0), end: z.int().min(0) })
      .exactOptional()
      .describe("Of an error in a TraceQL query: half-open range of UTF-16 offsets in its text."),
  }),
});
