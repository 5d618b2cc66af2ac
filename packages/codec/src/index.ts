export { decodeLogs } from "./otlp/decode-logs.ts";
export { decodeLogsJson } from "./otlp/decode-logs-json.ts";
export { decodeTraces } from "./otlp/decode-traces.ts";
export { decodeTracesJson } from "./otlp/decode-traces-json.ts";
export type { DecodeLimits, DecodeResult } from "./otlp/limits.ts";
