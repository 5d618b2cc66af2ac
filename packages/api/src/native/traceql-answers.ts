// Answers about TraceQL as zod schemas; their types are the model's own (model/traceql-answer.ts).

import type * as model from "@clew/model";
import { z } from "zod";

const nano = z
  .string()
  .regex(/^-?\d+$/)
  .describe("Nanoseconds since 1970, decimal.");
const durationNano = z
  .string()
  .regex(/^-?\d+$/)
  .describe("Nanoseconds, decimal.");
const amount = z.number().min(0);

// One schema with all members: JSON Schema has no way to say the recursion of arrays more exactly and stay short.
const typedValue = z
  .looseObject({
    type: z.enum(["nil", "string", "int", "duration", "status", "kind", "float", "bool", "array"]),
  })
  .describe(
    "A value with its TraceQL type. `value` is a decimal string for int and duration (nanoseconds), a number for " +
      "float, true or false for bool, such values for array, text for the rest; absent for nil.",
  );

const namedValues = z.array(z.looseObject({ name: z.string(), value: typedValue })).readonly();

const resultSpan = z.strictObject({
  spanId: z.string(),
  name: z.string(),
  startUnixNano: nano,
  durationNano,
  values: namedValues.describe("Values of the fields that the query names or selects."),
});

const resultSpanset = z.strictObject({
  matched: z.int().min(0).describe("Spans of the trace that matched."),
  values: namedValues.describe("What by() and aggregates found."),
  spans: z.array(resultSpan).readonly().describe("The first of the matching spans by start."),
});

const ofService = z.strictObject({ spans: z.int().min(0), errors: z.int().min(0) });

const resultTrace = z.strictObject({
  traceId: z.string(),
  startUnixNano: nano,
  durationNano,
  rootService: z.string().exactOptional().describe("Absent while the root span has not arrived."),
  rootName: z.string().exactOptional(),
  spanCount: z.int().min(0),
  errorCount: z.int().min(0),
  services: z.record(z.string(), ofService).describe("Spans and errors by service."),
  spansets: z.array(resultSpanset).readonly(),
});

const readCost = z.strictObject({
  rows: amount.describe(
    "Rows read. A scan that finds nothing and many small answers may lack those of their last 32 ms.",
  ),
  bytes: amount.describe("Uncompressed bytes of the columns that were read."),
  traces: amount.describe("Traces that were looked at one by one."),
  milliseconds: amount,
  plan: z.string().describe("How it was answered: rollup, spans, traces, catalogue."),
});

export const traceqlSearchAnswer = z
  .strictObject({
    traces: z.array(resultTrace).readonly(),
    nextCursor: z.string().exactOptional().describe("Absent on the last page."),
    cost: readCost,
  })
  .describe("Traces in the order asked for.") as unknown as z.ZodType<model.TraceqlSearchResult>;

const sample = z.strictObject({
  timeMs: z.number().describe("End of the step, milliseconds since 1970."),
  value: z.number(),
});

const metricSeries = z.strictObject({
  labels: namedValues,
  samples: z.array(sample).readonly().describe("Ascending."),
  exemplars: z
    .array(
      z.strictObject({
        traceId: z.string(),
        spanId: z.string(),
        timeMs: z.number(),
        value: z.number(),
      }),
    )
    .readonly(),
});

export const traceqlMetricsAnswer = z.strictObject({
  series: z.array(metricSeries).readonly(),
  partial: z.string().exactOptional().describe("Set when there were more series than asked for."),
  cost: readCost,
}) as unknown as z.ZodType<model.TraceqlMetricsResult>;

const scopes = ["span", "resource", "event", "link", "instrumentation", "intrinsic"] as const;
export const tagScope: z.ZodType<model.TagNames["scope"]> = z.enum(scopes);

const tagNames = z.strictObject({ scope: tagScope, names: z.array(z.string()).readonly() });
export const tagNamesAnswer: z.ZodType<model.TagNamesResult> = z.strictObject({
  scopes: z.array(tagNames).readonly(),
  cost: readCost,
});

const tagValue = z.strictObject({
  type: z.enum(["string", "int", "float", "bool", "duration", "keyword"]),
  value: z.string(),
  count: amount.describe("Estimated spans with it; 0 where unknown."),
});
export const tagValuesAnswer: z.ZodType<model.TagValuesResult> = z.strictObject({
  values: z.array(tagValue).readonly(),
  cost: readCost,
});

const place = z
  .strictObject({ start: z.int().min(0), end: z.int().min(0) })
  .describe("Half-open range of UTF-16 offsets in the query.");
const token = z.strictObject({
  at: place,
  class: z
    .string()
    .describe("attribute, intrinsic, function, literal, string, number, operator, ..."),
});
const fault = z.strictObject({
  message: z.string(),
  hint: z.string().exactOptional(),
  at: place,
  expected: z.array(z.string()).readonly().describe("What could have stood there instead."),
});
export const checkAnswer: z.ZodType = z.strictObject({
  kind: z.enum(["spans", "metrics"]).exactOptional().describe("Absent when the query is at fault."),
  text: z.string().exactOptional().describe("The query as Clew writes it."),
  tokens: z.array(token).readonly(),
  error: fault.exactOptional(),
});
