export { decodeLogs } from "./otlp/decode-logs.ts";
export { decodeTraces } from "./otlp/decode-traces.ts";
export type { DecodeLimits, DecodeResult } from "./otlp/limits.ts";
