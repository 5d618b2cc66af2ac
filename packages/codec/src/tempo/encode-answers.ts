// Search, metrics and tag answers of Tempo's API in protobuf, with the field numbers of tempo.proto.

import { WireWriter } from "../protobuf/wire-writer.ts";
import { bigField, countField, doubleField, keyValues, textField } from "./fields.ts";
import type {
  FoundSpan,
  FoundTrace,
  QueryCost,
  QueryInstantResponse,
  QueryRangeResponse,
  SearchResponse,
  SpanSet,
  TagScope,
  TagValueEntry,
  TimeSeries,
} from "./messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** tempopb.SearchResponse. */
export function encodeSearchResponse(response: SearchResponse): Bytes {
  const writer = new WireWriter(4096);
  for (const trace of response.traces) writeTrace(writer, trace);
  writeSearchMetrics(writer, response.metrics);
  return writer.finish();
}

/** tempopb.QueryRangeResponse. */
export function encodeQueryRangeResponse(response: QueryRangeResponse): Bytes {
  const writer = new WireWriter(4096);
  for (const series of response.series) writeSeries(writer, series);
  writeMetricsEnd(writer, response);
  return writer.finish();
}

/** tempopb.QueryInstantResponse. */
export function encodeQueryInstantResponse(response: QueryInstantResponse): Bytes {
  const writer = new WireWriter(1024);
  for (const { labels, value } of response.series) {
    const series = writer.begin(0x0a);
    keyValues(writer, 0x0a, labels);
    doubleField(writer, 0x11, value);
    writer.end(series);
  }
  writeMetricsEnd(writer, response);
  return writer.finish();
}

/** tempopb.SearchTagsResponse and SearchTagValuesResponse: a list of names or of values. */
export function encodeTexts(texts: readonly string[], cost: QueryCost): Bytes {
  const writer = new WireWriter(1024);
  for (const text of texts) writer.textField(0x0a, text);
  writeMetadataMetrics(writer, cost);
  return writer.finish();
}

/** tempopb.SearchTagsV2Response. */
export function encodeTagScopes(scopes: readonly TagScope[], cost: QueryCost): Bytes {
  const writer = new WireWriter(1024);
  for (const { name, tags } of scopes) {
    const scope = writer.begin(0x0a);
    textField(writer, 0x0a, name);
    for (const tag of tags) writer.textField(0x12, tag);
    writer.end(scope);
  }
  writeMetadataMetrics(writer, cost);
  return writer.finish();
}

/** tempopb.SearchTagValuesV2Response. */
export function encodeTagValues(values: readonly TagValueEntry[], cost: QueryCost): Bytes {
  const writer = new WireWriter(1024);
  for (const { type, value } of values) {
    const entry = writer.begin(0x0a);
    textField(writer, 0x0a, type);
    textField(writer, 0x12, value);
    writer.end(entry);
  }
  writeMetadataMetrics(writer, cost);
  return writer.finish();
}

function writeTrace(writer: WireWriter, trace: FoundTrace): void {
  const message = writer.begin(0x0a);
  textField(writer, 0x0a, trace.traceId);
  textField(writer, 0x12, trace.rootServiceName);
  textField(writer, 0x1a, trace.rootTraceName);
  bigField(writer, 0x20, trace.startUnixNano);
  countField(writer, 0x28, trace.durationMs);
  const [first] = trace.spanSets;
  if (first !== undefined) writeSpanSet(writer, 0x32, first);
  for (const set of trace.spanSets) writeSpanSet(writer, 0x3a, set);
  for (const [service, { spanCount, errorCount }] of Object.entries(trace.serviceStats)) {
    const entry = writer.begin(0x42);
    textField(writer, 0x0a, service);
    const stats = writer.begin(0x12);
    countField(writer, 0x08, spanCount);
    countField(writer, 0x10, errorCount);
    writer.end(stats);
    writer.end(entry);
  }
  writer.end(message);
}

function writeSpanSet(writer: WireWriter, tag: number, set: SpanSet): void {
  const message = writer.begin(tag);
  for (const span of set.spans) writeSpan(writer, span);
  countField(writer, 0x10, set.matched);
  keyValues(writer, 0x1a, set.attributes);
  writer.end(message);
}

function writeSpan(writer: WireWriter, span: FoundSpan): void {
  const message = writer.begin(0x0a);
  textField(writer, 0x0a, span.spanId);
  textField(writer, 0x12, span.name);
  bigField(writer, 0x18, span.startUnixNano);
  bigField(writer, 0x20, span.durationNano);
  keyValues(writer, 0x2a, span.attributes);
  writer.end(message);
}

function writeSeries(writer: WireWriter, series: TimeSeries): void {
  const message = writer.begin(0x0a);
  keyValues(writer, 0x0a, series.labels);
  for (const { timeMs, value } of series.samples) {
    const sample = writer.begin(0x12);
    doubleField(writer, 0x09, value);
    countField(writer, 0x10, timeMs);
    writer.end(sample);
  }
  for (const { labels, value, timeMs } of series.exemplars) {
    const exemplar = writer.begin(0x22);
    keyValues(writer, 0x0a, labels);
    doubleField(writer, 0x11, value);
    countField(writer, 0x18, timeMs);
    writer.end(exemplar);
  }
  writer.end(message);
}

function writeMetricsEnd(
  writer: WireWriter,
  response: { readonly metrics: QueryCost; readonly partial?: string },
): void {
  writeSearchMetrics(writer, response.metrics);
  if (response.partial === undefined) return;
  writer.uintField(0x18, 1);
  textField(writer, 0x22, response.partial);
}

function writeSearchMetrics(writer: WireWriter, cost: QueryCost): void {
  const message = writer.begin(0x12);
  countField(writer, 0x08, cost.inspectedTraces);
  countField(writer, 0x10, cost.inspectedBytes);
  countField(writer, 0x20, cost.completedJobs);
  countField(writer, 0x28, cost.totalJobs);
  countField(writer, 0x38, cost.inspectedSpans);
  writer.end(message);
}

function writeMetadataMetrics(writer: WireWriter, cost: QueryCost): void {
  const message = writer.begin(0x12);
  countField(writer, 0x08, cost.inspectedBytes);
  countField(writer, 0x10, cost.totalJobs);
  countField(writer, 0x18, cost.completedJobs);
  writer.end(message);
}
