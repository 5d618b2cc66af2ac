// Search, metrics and tag answers of Tempo's API as JSON by the rules of Go's jsonpb: camel case, 64-bit
// integers as strings, fields at their default left out. Grafana decodes it strictly: a field that
// tempo.proto does not have makes it refuse the answer.

import { anyValueText } from "../otlp/json-text-writer.ts";
import type {
  FoundSpan,
  FoundTrace,
  KeyValue,
  QueryCost,
  QueryInstantResponse,
  QueryRangeResponse,
  SearchResponse,
  SpanSet,
  TagScope,
  TagValueEntry,
  TimeSeries,
} from "./messages.ts";

/** In pieces, a trace each, because it may be a hundred megabytes. */
export function* encodeSearchResponseJson(response: SearchResponse): Generator<string> {
  yield* listPieces("traces", response.traces, traceText, [metricsField(response.metrics)]);
}

/** In pieces, a series each, because it may be a hundred megabytes. */
export function* encodeQueryRangeResponseJson(response: QueryRangeResponse): Generator<string> {
  yield* listPieces("series", response.series, seriesText, metricsEnd(response));
}

export function encodeQueryInstantResponseJson(response: QueryInstantResponse): string {
  const series = list("series", response.series, ({ labels, value }) =>
    object([list("labels", labels, pairText), number("value", value)]),
  );
  return object([series, ...metricsEnd(response)]);
}

/** `name`: `tagNames` or `tagValues`. */
export function encodeTextsJson(
  name: "tagNames" | "tagValues",
  texts: readonly string[],
  cost: QueryCost,
): string {
  return object([list(name, texts, (item) => JSON.stringify(item)), metadataField(cost)]);
}

export function encodeTagScopesJson(scopes: readonly TagScope[], cost: QueryCost): string {
  const field = list("scopes", scopes, ({ name, tags }) =>
    object([text("name", name), list("tags", tags, (tag) => JSON.stringify(tag))]),
  );
  return object([field, metadataField(cost)]);
}

export function encodeTagValuesJson(values: readonly TagValueEntry[], cost: QueryCost): string {
  const field = list("tagValues", values, ({ type, value }) =>
    object([text("type", type), text("value", value)]),
  );
  return object([field, metadataField(cost)]);
}

function traceText(trace: FoundTrace): string {
  const [first] = trace.spanSets;
  const stats = Object.entries(trace.serviceStats).map(
    ([service, { spanCount, errorCount }]) =>
      `${JSON.stringify(service)}:${object([count("spanCount", spanCount), count("errorCount", errorCount)])}`,
  );
  return object([
    text("traceID", trace.traceId),
    text("rootServiceName", trace.rootServiceName),
    text("rootTraceName", trace.rootTraceName),
    wide("startTimeUnixNano", trace.startUnixNano),
    count("durationMs", trace.durationMs),
    first === undefined ? "" : `"spanSet":${spanSetText(first)}`,
    trace.spanSets.length === 0 ? "" : list("spanSets", trace.spanSets, spanSetText),
    stats.length === 0 ? "" : `"serviceStats":{${stats.join(",")}}`,
  ]);
}

function spanSetText(set: SpanSet): string {
  return object([
    list("spans", set.spans, spanText),
    count("matched", set.matched),
    set.attributes.length === 0 ? "" : list("attributes", set.attributes, pairText),
  ]);
}

function spanText(span: FoundSpan): string {
  return object([
    text("spanID", span.spanId),
    text("name", span.name),
    wide("startTimeUnixNano", span.startUnixNano),
    wide("durationNanos", span.durationNano),
    span.attributes.length === 0 ? "" : list("attributes", span.attributes, pairText),
  ]);
}

function seriesText(series: TimeSeries): string {
  return object([
    list("labels", series.labels, pairText),
    list("samples", series.samples, ({ timeMs, value }) =>
      object([wide("timestampMs", timeMs), number("value", value)]),
    ),
    series.exemplars.length === 0
      ? ""
      : list("exemplars", series.exemplars, ({ labels, value, timeMs }) =>
          object([
            list("labels", labels, pairText),
            number("value", value),
            wide("timestampMs", timeMs),
          ]),
        ),
  ]);
}

function metricsEnd(response: {
  readonly metrics: QueryCost;
  readonly partial?: string;
}): string[] {
  const metrics = metricsField(response.metrics);
  if (response.partial === undefined) return [metrics];
  return [metrics, `"status":"PARTIAL"`, text("message", response.partial)];
}

function metricsField(cost: QueryCost): string {
  return `"metrics":${object([
    count("inspectedTraces", cost.inspectedTraces),
    wide("inspectedBytes", cost.inspectedBytes),
    count("completedJobs", cost.completedJobs),
    count("totalJobs", cost.totalJobs),
    wide("inspectedSpans", cost.inspectedSpans),
  ])}`;
}

function metadataField(cost: QueryCost): string {
  return `"metrics":${object([
    wide("inspectedBytes", cost.inspectedBytes),
    count("totalJobs", cost.totalJobs),
    count("completedJobs", cost.completedJobs),
  ])}`;
}

function pairText({ key, value }: KeyValue): string {
  return `{"key":${JSON.stringify(key)},"value":${anyValueText(value)}}`;
}

function object(fields: readonly string[]): string {
  return `{${fields.filter((field) => field !== "").join(",")}}`;
}

/** A list, also when it is empty: Go writes a slice that is there. */
function list<T>(name: string, items: readonly T[], itemText: (item: T) => string): string {
  return `"${name}":[${items.map(itemText).join(",")}]`;
}

/** An object that is a list and a few fields after it. */
function* listPieces<T>(
  name: string,
  items: readonly T[],
  itemText: (item: T) => string,
  end: readonly string[],
): Generator<string> {
  yield `{"${name}":[`;
  for (const [i, item] of items.entries()) yield i === 0 ? itemText(item) : `,${itemText(item)}`;
  const fields = end.filter((field) => field !== "");
  yield `]${fields.map((field) => `,${field}`).join("")}}`;
}

function text(name: string, value: string): string {
  return value === "" ? "" : `"${name}":${JSON.stringify(value)}`;
}

function count(name: string, value: number): string {
  return value === 0 ? "" : `"${name}":${value}`;
}

function wide(name: string, value: bigint | number): string {
  return value === 0 || value === 0n ? "" : `"${name}":"${value}"`;
}

/** A double, also when it is 0. JSON has no NaN and no infinities; jsonpb writes them as strings. */
function number(name: string, value: number): string {
  return `"${name}":${Number.isFinite(value) ? value : `"${value}"`}`;
}
