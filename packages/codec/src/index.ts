export { decodeColumns } from "./columns/decode-columns.ts";
export { encodeColumns } from "./columns/encode-columns.ts";
export { rowsByTrace } from "./columns/rows-by-trace.ts";
export { encodeJaegerChunks } from "./jaeger/encode-traces.ts";
export { encodeJaegerTracesJson } from "./jaeger/encode-traces-json.ts";
export {
  decodeSamplingParameters,
  encodeSamplingStrategy,
  encodeSamplingStrategyJson,
} from "./jaeger/sampling-strategy.ts";
export { fromBase64, toBase64 } from "./json/base64.ts";
export { FieldNames } from "./json/field-names.ts";
export { JsonReader } from "./json/json-reader.ts";
export { type AnyValue, readAnyValue, rowValue } from "./otlp/any-value.ts";
export { decodeLogs } from "./otlp/decode-logs.ts";
export { decodeLogsJson } from "./otlp/decode-logs-json.ts";
export { decodeTraces } from "./otlp/decode-traces.ts";
export { decodeTracesJson } from "./otlp/decode-traces-json.ts";
export { encodeLogs } from "./otlp/encode-logs.ts";
export { encodeLogsJson } from "./otlp/encode-logs-json.ts";
export { encodeTraces } from "./otlp/encode-traces.ts";
export { encodeTracesJson } from "./otlp/encode-traces-json.ts";
export {
  decodeExportResponse,
  decodeExportResponseJson,
  type ExportOutcome,
  encodeExportResponse,
  encodeExportResponseJson,
} from "./otlp/export-response.ts";
export type { DecodeLimits, DecodeResult } from "./otlp/limits.ts";
export {
  decodeRpcStatus,
  encodeRpcStatus,
  encodeRpcStatusJson,
  type FieldViolation,
  grpcStatusDetails,
  type RpcStatus,
} from "./otlp/rpc-status.ts";
export { spanFacts } from "./plain/span-facts.ts";
export { WireReader } from "./protobuf/wire-reader.ts";
export { WireWriter } from "./protobuf/wire-writer.ts";
export {
  decodeQueryInstantRequest,
  decodeQueryRangeRequest,
  decodeSearchRequest,
  decodeTagsRequest,
  decodeTagValuesRequest,
} from "./tempo/decode-requests.ts";
export * as tempoProtobuf from "./tempo/encode-answers.ts";
export * as tempoJson from "./tempo/encode-answers-json.ts";
export {
  encodeTempoTrace,
  encodeTraceByIdResponse,
  type SpanChoice,
} from "./tempo/encode-trace.ts";
export { encodeTempoTraceJson } from "./tempo/encode-trace-json.ts";
export type * as tempo from "./tempo/messages.ts";
export { parseAttributesJson, parseValueJson } from "./value-json/parse.ts";
export { renderAttributesJson, renderValueJson } from "./value-json/render.ts";
export { encodeZipkinTracesJson } from "./zipkin/encode-traces-json.ts";
