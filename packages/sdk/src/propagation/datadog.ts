// Datadog: ids as unsigned 64-bit decimals, the upper half of the trace id as hex in `x-datadog-tags`. What
// the other formats have no place for (exact priority, origin) rides in the `dd` member of the tracestate,
// where Datadog's own tracers look for it too.

import { checkTraceState, memberOf } from "../trace/trace-state.ts";
import type { Format, HeaderGetter, LocalParent, RemoteParent } from "./format.ts";

const TRACE = "x-datadog-trace-id";
const PARENT = "x-datadog-parent-id";
const PRIORITY = "x-datadog-sampling-priority";
const ORIGIN = "x-datadog-origin";
const TAGS = "x-datadog-tags";
const UPPER_HALF = "_dd.p.tid";
const MAX_UINT64 = (1n << 64n) - 1n;

function hexOfDecimal(text: string | undefined): string | undefined {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value === 0n || value > MAX_UINT64 ? undefined : value.toString(16).padStart(16, "0");
}

function decimalOfHex(hex: string): string {
  return BigInt(`0x${hex}`).toString();
}

function upperHalf(tags: string | undefined): string {
  for (const tag of (tags ?? "").split(",")) {
    const [key, value = ""] = tag.trim().split("=", 2);
    if (key === UPPER_HALF && /^[0-9a-f]{16}$/.test(value)) return value;
  }
  return "0".repeat(16);
}

function datadogState(
  priority: number | undefined,
  origin: string | undefined,
): string | undefined {
  const parts = [];
  if (priority !== undefined) parts.push(`s:${priority}`);
  if (origin !== undefined && /^[\w.-]{1,64}$/.test(origin)) parts.push(`o:${origin}`);
  return parts.length === 0 ? undefined : checkTraceState(`dd=${parts.join(";")}`);
}

function extract(get: HeaderGetter): RemoteParent | undefined {
  const lower = hexOfDecimal(get(TRACE)?.trim());
  const spanId = hexOfDecimal(get(PARENT)?.trim());
  if (lower === undefined || spanId === undefined) return undefined;
  const text = get(PRIORITY)?.trim() ?? "";
  const priority = /^-?\d$/.test(text) ? Number(text) : undefined;
  const traceState = datadogState(priority, get(ORIGIN)?.trim());
  return {
    traceId: upperHalf(get(TAGS)) + lower,
    spanId,
    flags: priority !== undefined && priority > 0 ? 1 : 0,
    ...(priority === undefined ? { deferred: true } : {}),
    ...(traceState === undefined ? {} : { traceState }),
  };
}

/** Priority and origin that came in with the trace; the priority only while it agrees with the decision. */
function received(span: LocalParent): { priority: number; origin: string | undefined } {
  const sampled = span.flags & 1;
  const state = span.traceState === undefined ? undefined : memberOf(span.traceState, "dd");
  const fields = new Map((state ?? "").split(";").map((part) => splitOnce(part, ":")));
  const priority = Number(fields.get("s") ?? Number.NaN);
  const agrees = Number.isInteger(priority) && priority > 0 === (sampled === 1);
  return { priority: agrees ? priority : sampled, origin: fields.get("o") };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

export const datadog: Format = {
  name: "datadog",
  fields: [TRACE, PARENT, PRIORITY, ORIGIN, TAGS],
  extract,
  inject(span, set) {
    const { priority, origin } = received(span);
    const upper = span.traceId.slice(0, 16);
    set(TRACE, decimalOfHex(span.traceId.slice(16)));
    set(PARENT, decimalOfHex(span.spanId));
    set(PRIORITY, String(priority));
    if (origin !== undefined) set(ORIGIN, origin);
    if (!/^0+$/.test(upper)) set(TAGS, `${UPPER_HALF}=${upper}`);
  },
};
