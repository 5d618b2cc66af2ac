// Answers of the readers in the words of Tempo's API.

import type { AnyValue, tempo } from "@clew/codec";
import type {
  NamedValue,
  ReadCost,
  ResultSpanset,
  ResultTrace,
  TraceqlMetricsResult,
  TypedValue,
} from "@clew/model";
import { bareName } from "./field-names.ts";
import { goDuration } from "./time.ts";

const mostMilliseconds = 0xffff_ffff;

/** `progress`: windows of the range that are done, and all; one of one for an answer in one piece. */
export function costOf(cost: ReadCost, progress = { done: 1, all: 1 }): tempo.QueryCost {
  return {
    inspectedTraces: whole(cost.traces),
    inspectedBytes: whole(cost.bytes),
    inspectedSpans: whole(cost.rows),
    completedJobs: progress.done,
    totalJobs: progress.all,
  };
}

function whole(count: number): number {
  return Math.max(0, Math.round(count));
}

export function foundTrace(trace: ResultTrace): tempo.FoundTrace {
  const milliseconds = Number(BigInt(trace.durationNano) / 1_000_000n);
  const stats = Object.entries(trace.services).map(
    ([service, { spans, errors }]) =>
      [service, { spanCount: whole(spans), errorCount: whole(errors) }] as const,
  );
  return {
    // Tempo leaves out leading zeros, and its clients put them back.
    traceId: trace.traceId.replace(/^0+(?=.)/, ""),
    rootServiceName: trace.rootService ?? "<root span not yet received>",
    rootTraceName: trace.rootName ?? "",
    startUnixNano: BigInt(trace.startUnixNano),
    durationMs: Math.max(0, Math.min(milliseconds, mostMilliseconds)),
    spanSets: trace.spansets.map(spanSet),
    serviceStats: Object.fromEntries(stats),
  };
}

function spanSet(set: ResultSpanset): tempo.SpanSet {
  return {
    matched: whole(set.matched),
    attributes: set.values.map(({ name, value }) => ({ key: name, value: anyValue(value) })),
    spans: set.spans.map((span) => ({
      spanId: span.spanId,
      name: span.name,
      startUnixNano: BigInt(span.startUnixNano),
      durationNano: BigInt(span.durationNano),
      attributes: span.values.flatMap(spanAttribute),
    })),
  };
}

function spanAttribute({ name, value }: NamedValue): tempo.KeyValue[] {
  const key = bareName(name);
  return key === undefined ? [] : [{ key, value: anyValue(value) }];
}

/** A value as Tempo shows it: durations, statuses, kinds and nil are texts. */
function anyValue(value: TypedValue): AnyValue {
  switch (value.type) {
    case "nil":
      return { type: "string", value: "nil" };
    case "string":
    case "status":
    case "kind":
      return { type: "string", value: value.value };
    case "int":
      return { type: "int", value: BigInt(value.value) };
    case "duration":
      return { type: "string", value: goDuration(BigInt(value.value)) };
    case "float":
      return { type: "double", value: value.value };
    case "bool":
      return { type: "bool", value: value.value };
    case "array":
      return { type: "array", items: value.value.map(anyValue) };
  }
}

function labelsOf(labels: readonly NamedValue[]): tempo.KeyValue[] {
  return labels.map(({ name, value }) => ({ key: name, value: anyValue(value) }));
}

function textLabel(key: string, value: string): tempo.KeyValue {
  return { key, value: { type: "string", value } };
}

export function rangeAnswer(result: TraceqlMetricsResult): tempo.QueryRangeResponse {
  return {
    series: result.series.map(({ labels, samples, exemplars }) => ({
      labels: labelsOf(labels),
      samples,
      exemplars: exemplars.map(({ traceId, spanId, value, timeMs }) => ({
        labels: [textLabel("trace:id", traceId), textLabel("span:id", spanId)],
        value,
        timeMs,
      })),
    })),
    metrics: costOf(result.cost),
    ...(result.partial === undefined ? {} : { partial: result.partial }),
  };
}

export function instantAnswer(result: TraceqlMetricsResult): tempo.QueryInstantResponse {
  return {
    series: result.series.flatMap(({ labels, samples }) => {
      const last = samples.at(-1);
      return last === undefined ? [] : [{ labels: labelsOf(labels), value: last.value }];
    }),
    metrics: costOf(result.cost),
    ...(result.partial === undefined ? {} : { partial: result.partial }),
  };
}
