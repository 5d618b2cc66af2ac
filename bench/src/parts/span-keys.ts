// A span as 8 bytes, to compare millions of them: span id XOR the first half of the trace id. Both are
// random 64-bit numbers, so two different spans of a run practically never share a key.

import { listSpans } from "@clew/cli/load";

/** Keys of all spans of an OTLP request made by the load generator, 8 bytes each. */
export function spanKeys(payload: Uint8Array): Uint8Array {
  const spans = listSpans(payload);
  const keys = new Uint8Array(spans.length * 8);
  for (const [index, { traceId, spanId }] of spans.entries()) {
    for (let byte = 0; byte < 8; byte++) {
      const at = byte * 2;
      const trace = Number.parseInt(traceId.slice(at, at + 2), 16);
      keys[index * 8 + byte] = trace ^ Number.parseInt(spanId.slice(at, at + 2), 16);
    }
  }
  return keys;
}
