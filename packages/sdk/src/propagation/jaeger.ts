// Jaeger's own format: `uber-trace-id: trace:span:parent:flags`, ids in hex of any length, the whole maybe
// URL-encoded; baggage in a header a key, or in one as `jaeger-baggage: k=v, k=v`; `jaeger-debug-id` asks for the
// trace of a request to be kept. https://www.jaegertracing.io/docs/1.76/client-libraries/

import type { Baggage, BaggageEntry } from "@opentelemetry/api";
import { ClewBaggage } from "./baggage.ts";
import type { Format, HeaderGetter, HeaderNames, RemoteParent } from "./format.ts";
import { idPair } from "./hex.ts";

const HEADER = "uber-trace-id";
const BAGGAGE_PREFIX = "uberctx-";
const BAGGAGE = "jaeger-baggage";
const DEBUG_ID = "jaeger-debug-id";
const MOST_ENTRIES = 64;
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

function parentIn(header: string): RemoteParent | undefined {
  const parts = decoded(header.trim())?.split(":") ?? [];
  if (parts.length !== 4) return undefined;
  const [trace, span, , flags = ""] = parts;
  const ids = idPair(trace, span);
  if (ids === undefined || !/^[0-9a-f]{1,2}$/i.test(flags)) return undefined;
  return { ...ids, flags: (Number.parseInt(flags, 16) & (SAMPLED | DEBUG)) === 0 ? 0 : 1 };
}

function baggageIn(get: HeaderGetter, names: HeaderNames | undefined): Baggage | undefined {
  const entries = new Map<string, BaggageEntry>();
  const add = (key: string, text: string | undefined): void => {
    const value = decoded(text?.trim() ?? "");
    if (key !== "" && value !== undefined && text !== undefined && entries.size < MOST_ENTRIES)
      entries.set(key, { value });
  };
  for (const member of get(BAGGAGE)?.split(",") ?? []) {
    const equals = member.indexOf("=");
    if (equals > 0) add(member.slice(0, equals).trim(), member.slice(equals + 1));
  }
  for (const name of names?.() ?? []) {
    if (name.startsWith(BAGGAGE_PREFIX)) add(name.slice(BAGGAGE_PREFIX.length), get(name));
  }
  return entries.size === 0 ? undefined : new ClewBaggage(entries);
}

export const jaeger: Format = {
  name: "jaeger",
  fields: [HEADER],
  extract(get) {
    const parent = parentIn(get(HEADER) ?? "");
    if (parent !== undefined || get(DEBUG_ID) === undefined) return parent;
    return { traceId: "", spanId: "", flags: 1 };
  },
  extractBaggage: baggageIn,
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
