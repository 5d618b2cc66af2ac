// `ottrace`, the format of OpenTracing's basic tracers: ids in hex, a boolean for the decision.

import type { Format } from "./format.ts";
import { idPair } from "./hex.ts";

const TRACE = "ot-tracer-traceid";
const SPAN = "ot-tracer-spanid";
const SAMPLED = "ot-tracer-sampled";

export const otTrace: Format = {
  name: "ottrace",
  fields: [TRACE, SPAN, SAMPLED],
  extract(get) {
    const ids = idPair(get(TRACE)?.trim(), get(SPAN)?.trim());
    if (ids === undefined) return undefined;
    const sampled = get(SAMPLED)?.trim().toLowerCase();
    if (sampled === undefined) return { ...ids, flags: 0, deferred: true };
    return { ...ids, flags: sampled === "true" || sampled === "1" ? 1 : 0 };
  },
  inject({ traceId, spanId, flags }, set) {
    // Receivers of this format know 64 bits of the trace id.
    set(TRACE, traceId.slice(16));
    set(SPAN, spanId);
    set(SAMPLED, (flags & 1) === 1 ? "true" : "false");
  },
};
