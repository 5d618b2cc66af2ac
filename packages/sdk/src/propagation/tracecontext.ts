// W3C Trace Context level 2: `traceparent` and `tracestate` (www.w3.org/TR/trace-context-2).

import { checkTraceState, trimOws } from "../trace/trace-state.ts";
import type { Format, RemoteParent } from "./format.ts";

// Version 00 ends after the flags; a later one may go on after a dash. Version ff is forbidden.
const HEADER =
  /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const KNOWN_FLAGS = 3;
const MAX_TEXT = 512;

/** The parent in a traceparent header; `undefined` when it is not valid. */
export function parseTraceparent(header: string): Omit<RemoteParent, "traceState"> | undefined {
  const match = HEADER.exec(header.length > MAX_TEXT ? "" : trimOws(header));
  if (match === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", rest] = match;
  if (version === "00" && rest !== undefined) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

/** The format `tracecontext`. */
export const tracecontext: Format = {
  name: "tracecontext",
  fields: ["traceparent", "tracestate"],
  extract(get) {
    const header = get("traceparent");
    if (header === undefined) return undefined;
    const parent = parseTraceparent(header);
    if (parent === undefined) return undefined;
    const state = get("tracestate");
    const traceState = state === undefined ? undefined : checkTraceState(state);
    return traceState === undefined ? parent : { ...parent, traceState };
  },
  inject(span, set) {
    set("traceparent", `00-${span.traceId}-${span.spanId}-0${span.flags & KNOWN_FLAGS}`);
    if (span.traceState !== undefined) set("tracestate", span.traceState);
  },
};
