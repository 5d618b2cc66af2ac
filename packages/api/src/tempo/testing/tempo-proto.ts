// The part of Tempo's public message definitions that its clients read, for an independent decoder in tests.

import protobuf from "protobufjs";

const { root } = protobuf.parse(
  `syntax = "proto3"; package tempopb;
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3;
    double double_value = 4; ArrayValue array_value = 5; bytes bytes_value = 7; } }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message InstrumentationScope { string name = 1; string version = 2; }
  message Status { string message = 2; int32 code = 3; }
  message OtlpSpan { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15; }
  message ScopeSpans { InstrumentationScope scope = 1; repeated OtlpSpan spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Trace { repeated ResourceSpans batches = 1; }
  message TraceByIDMetrics { uint64 inspectedBytes = 1; }
  message TraceByIDResponse { Trace trace = 1; TraceByIDMetrics metrics = 2; int32 status = 3; string message = 4; }
  message SearchRequest { map<string, string> Tags = 1; uint32 MinDurationMs = 2; uint32 MaxDurationMs = 3;
    uint32 Limit = 4; uint32 start = 5; uint32 end = 6; string Query = 8; uint32 SpansPerSpanSet = 9; }
  message Span { string spanID = 1; string name = 2; uint64 startTimeUnixNano = 3; uint64 durationNanos = 4;
    repeated KeyValue attributes = 5; }
  message SpanSet { repeated Span spans = 1; uint32 matched = 2; repeated KeyValue attributes = 3; }
  message ServiceStats { uint32 spanCount = 1; uint32 errorCount = 2; }
  message TraceSearchMetadata { string traceID = 1; string rootServiceName = 2; string rootTraceName = 3;
    uint64 startTimeUnixNano = 4; uint32 durationMs = 5; SpanSet spanSet = 6; repeated SpanSet spanSets = 7;
    map<string, ServiceStats> serviceStats = 8; }
  message SearchMetrics { uint32 inspectedTraces = 1; uint64 inspectedBytes = 2; uint32 totalBlocks = 3;
    uint32 completedJobs = 4; uint32 totalJobs = 5; uint64 totalBlockBytes = 6; uint64 inspectedSpans = 7; }
  message SearchResponse { repeated TraceSearchMetadata traces = 1; SearchMetrics metrics = 2; }
  message SearchTagsRequest { string scope = 1; string query = 2; uint32 start = 3; uint32 end = 4; uint32 maxTagsPerScope = 5; }
  message SearchTagsResponse { repeated string tagNames = 1; }
  message SearchTagsV2Scope { string name = 1; repeated string tags = 2; }
  message SearchTagsV2Response { repeated SearchTagsV2Scope scopes = 1; }
  message SearchTagValuesRequest { string tagName = 1; string query = 2; uint32 start = 4; uint32 end = 5; uint32 maxTagValues = 6; }
  message SearchTagValuesResponse { repeated string tagValues = 1; }
  message TagValue { string type = 1; string value = 2; }
  message SearchTagValuesV2Response { repeated TagValue tagValues = 1; }
  message QueryRangeRequest { string query = 1; uint64 start = 2; uint64 end = 3; uint64 step = 4;
    uint32 exemplars = 16; uint32 maxSeries = 17; optional bool instant = 18; }
  message Sample { double value = 1; int64 timestamp_ms = 2; }
  message Exemplar { repeated KeyValue labels = 1; double value = 2; int64 timestamp_ms = 3; }
  message TimeSeries { repeated KeyValue labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 4; }
  message QueryRangeResponse { repeated TimeSeries series = 1; SearchMetrics metrics = 2; int32 status = 3; string message = 4; }
  message QueryInstantRequest { string query = 1; uint64 start = 2; uint64 end = 3; }
  message InstantSeries { repeated KeyValue labels = 1; double value = 2; }
  message QueryInstantResponse { repeated InstantSeries series = 1; SearchMetrics metrics = 2; }`,
  { keepCase: true },
);

/** A message as plain data, 64-bit numbers as strings, bytes as base64. Throws for bytes that are no such message. */
export function decode(name: string, bytes: Uint8Array): Record<string, unknown> {
  const type = root.lookupType(`tempopb.${name}`);
  const options = { longs: String, bytes: String, defaults: false };
  return type.toObject(type.decode(bytes), options);
}

/** The bytes of a message. */
export function encode(name: string, message: Record<string, unknown>): Buffer {
  const type = root.lookupType(`tempopb.${name}`);
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}
