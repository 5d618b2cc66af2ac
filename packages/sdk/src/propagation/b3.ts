// B3, Zipkin's format, in one header (`b3`) and in several (`X-B3-...`). Both are read wherever one of them
// is asked for, since senders mix them; the name says only which is written.
// https://github.com/openzipkin/b3-propagation

import type { Format, HeaderGetter, LocalParent, RemoteParent } from "./format.ts";
import { idPair } from "./hex.ts";

const SINGLE = "b3";
const TRACE = "x-b3-traceid";
const SPAN = "x-b3-spanid";
const SAMPLED = "x-b3-sampled";
const FLAGS = "x-b3-flags";

/** What a sampling state says: `d` (debug) samples too. No state leaves the decision to the receiver. */
function decision(state: string | undefined): Pick<RemoteParent, "flags" | "deferred"> | undefined {
  switch (state) {
    case undefined:
      return { flags: 0, deferred: true };
    case "1":
    case "d":
    case "true":
      return { flags: 1 };
    case "0":
    case "false":
      return { flags: 0 };
    default:
      return undefined;
  }
}

function fromOneHeader(get: HeaderGetter): RemoteParent | undefined {
  const header = get(SINGLE)?.trim();
  if (header === undefined || header === "") return undefined;
  const parts = header.split("-");
  if (parts.length === 1) return decisionAlone(parts[0]);
  if (parts.length > 4) return undefined;
  const ids = idPair(parts[0], parts[1]);
  const decided = decision(parts[2]);
  return ids === undefined || decided === undefined ? undefined : { ...ids, ...decided };
}

function fromHeaders(get: HeaderGetter): RemoteParent | undefined {
  const state = get(FLAGS)?.trim() === "1" ? "d" : get(SAMPLED)?.trim().toLowerCase();
  const trace = get(TRACE)?.trim();
  if (trace === undefined) return state === undefined ? undefined : decisionAlone(state);
  const ids = idPair(trace, get(SPAN)?.trim());
  const decided = decision(state);
  return ids === undefined || decided === undefined ? undefined : { ...ids, ...decided };
}

function decisionAlone(state: string | undefined): RemoteParent | undefined {
  const decided = decision(state);
  return decided === undefined ? undefined : { traceId: "", spanId: "", ...decided };
}

function isSampled({ flags }: LocalParent): boolean {
  return (flags & 1) !== 0;
}

/** `b3`: one header is written. */
export const b3: Format = {
  name: "b3",
  fields: [SINGLE],
  extract: (get) => fromOneHeader(get) ?? fromHeaders(get),
  inject(span, set) {
    set(SINGLE, `${span.traceId}-${span.spanId}-${isSampled(span) ? "1" : "0"}`);
  },
};

/** `b3multi`: a header for each part is written; never the parent's id, which the receiver has no use for. */
export const b3multi: Format = {
  name: "b3multi",
  fields: [TRACE, SPAN, SAMPLED],
  extract: (get) => fromHeaders(get) ?? fromOneHeader(get),
  inject(span, set) {
    set(TRACE, span.traceId);
    set(SPAN, span.spanId);
    set(SAMPLED, isSampled(span) ? "1" : "0");
  },
};
