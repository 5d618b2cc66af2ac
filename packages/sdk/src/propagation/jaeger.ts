// Jaeger's own format: `uber-trace-id: trace:span:parent:flags`, ids in hex of any length, the whole maybe
// URL-encoded; baggage in a header a key. https://www.jaegertracing.io/docs/1.76/client-libraries/

import type { Format } from "./format.ts";
import { idPair } from "./hex.ts";

const HEADER = "uber-trace-id";
const BAGGAGE_PREFIX = "uberctx-";
const SAMPLED = 1;
const DEBUG = 2;

function decoded(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export const jaeger: Format = {
  name: "jaeger",
  fields: [HEADER],
  extract(get) {
    const parts = decoded(get(HEADER)?.trim() ?? "")?.split(":") ?? [];
    if (parts.length !== 4) return undefined;
    const [trace, span, , flags = ""] = parts;
    const ids = idPair(trace, span);
    if (ids === undefined || !/^[0-9a-f]{1,2}$/i.test(flags)) return undefined;
    return { ...ids, flags: (Number.parseInt(flags, 16) & (SAMPLED | DEBUG)) === 0 ? 0 : 1 };
  },
  inject({ traceId, spanId, flags }, set) {
    set(HEADER, `${traceId}:${spanId}:0:${flags & 1}`);
  },
  injectBaggage(baggage, set) {
    for (const [key, { value }] of baggage.getAllEntries()) {
      if (isHeaderName(key)) set(`${BAGGAGE_PREFIX}${key}`, encodeURIComponent(value));
    }
  },
};

/** A key that is no header name cannot be sent this way. */
function isHeaderName(key: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(key);
}
