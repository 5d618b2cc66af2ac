// The parameters of Zipkin's search (openzipkin/zipkin-api, zipkin2-api.yaml): times in milliseconds,
// durations in microseconds, `annotationQuery` as `key=value and key`. Errors are short texts.

import { ClewError } from "@clew/base";
import type { AttributeFilter, SpanFilter, TimeRange } from "@clew/model";
import type { LooseQuery } from "../http/loose-query.ts";
import { keptNano } from "../native/time.ts";

const usualLimit = 10;
const mostTraces = 1000;
const dayMs = 86_400_000n;
const milli = 1_000_000n;

export interface ZipkinSearch {
  readonly range: TimeRange;
  readonly filter: SpanFilter;
  readonly limit: number;
  readonly remoteServiceName: string | undefined;
}

/** What `/api/v2/traces` asks for. Raises `bad_request`. */
export function readSearch(query: LooseQuery, nowNano: bigint): ZipkinSearch {
  const service = named(query, "serviceName");
  const operation = named(query, "spanName");
  const minMicros = whole(query, "minDuration");
  const maxMicros = whole(query, "maxDuration");
  checkDurations(minMicros, maxMicros);
  const limit = whole(query, "limit");
  if (limit !== undefined && limit <= 0n) throw new ClewError("bad_request", "limit <= 0");
  const annotations = annotationFilter(query.one("annotationQuery") ?? "");
  const filter: SpanFilter = {
    ...(service === undefined ? {} : { service }),
    ...(operation === undefined ? {} : { operation }),
    ...(minMicros === undefined ? {} : { minDurationNano: micros(minMicros) }),
    // To the last nanosecond of the microsecond, which is all that Zipkin knows of a duration.
    ...(maxMicros === undefined ? {} : { maxDurationNano: micros(maxMicros) + 999 }),
    ...annotations,
  };
  return {
    range: readRange(query, nowNano),
    filter,
    limit: limit === undefined ? usualLimit : Math.min(Number(limit), mostTraces),
    remoteServiceName: named(query, "remoteServiceName"),
  };
}

/** `endTs`, now by default, and `lookback` before it, a day by default. Raises `bad_request`. */
export function readRange(query: LooseQuery, nowNano: bigint, needsEnd = false): TimeRange {
  const end = whole(query, "endTs");
  const lookback = whole(query, "lookback") ?? dayMs;
  if (end === undefined && needsEnd) throw new ClewError("bad_request", "endTs is required");
  if (end !== undefined && end <= 0n) throw new ClewError("bad_request", "endTs <= 0");
  if (lookback <= 0n) throw new ClewError("bad_request", "lookback <= 0");
  // `endTs` is part of the range, to its last nanosecond.
  const endNano = end === undefined ? nowNano + 1n : keptNano((end + 1n) * milli);
  return { startNano: keptNano(endNano - lookback * milli), endNano };
}

/** A trace id of 1 to 32 lower-case hex digits as 32. Raises `bad_request` in Zipkin's words. */
export function readTraceId(text: string): string {
  const id = text.trim();
  if (id === "") throw new ClewError("bad_request", "traceId is empty");
  if (!/^[0-9a-f]+$/.test(id)) {
    const message = `${id.slice(0, 200)} should be lower-hex encoded with no prefix`;
    throw new ClewError("bad_request", message);
  }
  if (id.length > 32) throw new ClewError("bad_request", "traceId.length > 32");
  return id.padStart(32, "0");
}

/** The ids of `traceIds`. Raises `bad_request` in Zipkin's words. */
export function readTraceIds(query: LooseQuery): string[] {
  const text = query.one("traceIds");
  if (text === undefined) throw new ClewError("bad_request", "traceIds parameter is empty");
  const given = text.split(",").filter((id) => id !== "");
  if (given.length < 2) {
    const message = "Use /api/v2/trace/{traceId} endpoint to retrieve a single trace";
    throw new ClewError("bad_request", message);
  }
  if (given.length > mostTraces)
    throw new ClewError("bad_request", `traceIds has more than ${mostTraces} ids`);
  const ids = new Set<string>();
  for (const one of given) {
    const id = readTraceId(one);
    if (ids.has(id)) throw new ClewError("bad_request", `redundant traceId: ${one.trim()}`);
    ids.add(id);
  }
  return [...ids];
}

/** A name that has to be given. Raises `bad_request`. */
export function required(query: LooseQuery, name: string): string {
  const value = query.one(name);
  if (value !== undefined) return value;
  throw new ClewError("bad_request", `missing required parameter: ${name}`);
}

/** `all` is what older UIs send for no choice. */
function named(query: LooseQuery, name: string): string | undefined {
  const value = query.one(name);
  return value === "all" ? undefined : value;
}

function whole(query: LooseQuery, name: string): bigint | undefined {
  const text = query.one(name);
  if (text === undefined) return undefined;
  if (/^-?\d{1,19}$/.test(text)) return BigInt(text);
  throw new ClewError("bad_request", `${name} is not a whole number: ${text.slice(0, 100)}`);
}

function checkDurations(minMicros: bigint | undefined, maxMicros: bigint | undefined): void {
  if (minMicros !== undefined && minMicros <= 0n)
    throw new ClewError("bad_request", "minDuration <= 0");
  if (maxMicros === undefined) return;
  if (minMicros === undefined)
    throw new ClewError("bad_request", "maxDuration is only valid with minDuration");
  if (maxMicros < minMicros) throw new ClewError("bad_request", "maxDuration < minDuration");
}

function micros(value: bigint): number {
  const most = BigInt(Number.MAX_SAFE_INTEGER) - 1000n;
  const nano = value * 1000n;
  return Number(nano > most ? most : nano);
}

/** `error` is the status of a span here, whatever its text. */
function annotationFilter(text: string): Pick<SpanFilter, "status" | "attributes"> {
  const parts = text.split(/\s+and\s+/i).map((part) => part.trim());
  const attributes: AttributeFilter[] = [];
  let isError = false;
  for (const part of parts.filter((one) => one !== "")) {
    const equals = part.indexOf("=");
    const key = equals < 0 ? part : part.slice(0, equals);
    if (key === "")
      throw new ClewError("bad_request", `annotationQuery: no key before = in ${part}`);
    if (part === "error") isError = true;
    else if (equals < 0) attributes.push({ scope: "any", key, operator: "exists" });
    else attributes.push({ scope: "any", key, operator: "=", value: part.slice(equals + 1) });
  }
  return { ...(isError ? { status: "error" as const } : {}), attributes };
}
