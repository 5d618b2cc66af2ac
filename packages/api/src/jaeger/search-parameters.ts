// The parameters of Jaeger's search on its classic routes: times in microseconds, durations in Go's syntax.

import { ClewError } from "@clew/base";
import type { SpanFilter, TimeRange } from "@clew/model";
import type { LooseQuery } from "../http/loose-query.ts";
import { keptNano } from "../native/time.ts";
import { goBoolean, goDuration, goInteger, parseError } from "./go-syntax.ts";
import { readTag, readTags, tagFilter } from "./tags.ts";

const micro = 1000n;
const hourNano = 3_600_000_000_000n;
const usualLookbackNano = 48n * hourNano;
const usualLimit = 100;
/** Jaeger UI's own largest limit. */
const mostTraces = 1500;
const mostTraceIds = 100;

export interface JaegerSearch {
  readonly range: TimeRange;
  readonly filter: SpanFilter;
  readonly limit: number;
}

/** What `/api/traces` asks for. Raises `bad_request` in Jaeger's words. */
export function readSearch(query: LooseQuery, nowNano: bigint): JaegerSearch {
  const entries = [...query.all("tag").map(readTag), ...query.all("tags").flatMap(readTags)];
  const service = query.one("service");
  const operation = query.one("operation");
  const minNano = duration(query, "minDuration");
  const maxNano = duration(query, "maxDuration");
  checkDurations(minNano, maxNano, "maxDuration", "minDuration");
  const filter: SpanFilter = {
    ...(service === undefined ? {} : { service }),
    ...(operation === undefined || operation === "all" ? {} : { operation }),
    ...durationFilter(minNano, maxNano),
    ...tagFilter(entries),
  };
  return { range: searchRange(query, nowNano), filter, limit: traceLimit(query.one("limit")) };
}

/** The duration conditions of a filter, without those that say nothing. */
export function durationFilter(
  minNano: bigint | undefined,
  maxNano: bigint | undefined,
): Pick<SpanFilter, "minDurationNano" | "maxDurationNano"> {
  return {
    ...(minNano ? { minDurationNano: asNumber(minNano) } : {}),
    ...(maxNano ? { maxDurationNano: asNumber(maxNano) } : {}),
  };
}

/** Raises `bad_request` when no duration can be meant. */
export function checkDurations(
  minNano: bigint | undefined,
  maxNano: bigint | undefined,
  maxName: string,
  minName: string,
): void {
  if (minNano && maxNano && maxNano < minNano)
    throw new ClewError("bad_request", `'${maxName}' should be greater than '${minName}'`);
}

/** Traces that an answer holds at most. */
export function traceLimit(text: string | undefined, name = "limit"): number {
  const limit = text === undefined ? 0 : Number(goInteger(name, text, 32));
  if (limit < 0) throw parseError(name, `${limit} is negative`);
  return limit === 0 ? usualLimit : Math.min(limit, mostTraces);
}

/** Trace ids as 32 hex digits. Raises `bad_request` for one that is none, and for too many. */
export function readTraceIds(query: LooseQuery): string[] {
  const ids = query.all("traceID").filter((id) => id !== "");
  if (ids.length > mostTraceIds)
    throw parseError("traceID", `${ids.length} trace ids; at most ${mostTraceIds} at once`);
  return [...new Set(ids.map((id) => traceIdOf(id)))];
}

/** A trace id of 1 to 32 hex digits as 32. Raises `bad_request`. */
export function traceIdOf(text: string, name = "traceID"): string {
  if (/^[0-9a-fA-F]{1,32}$/.test(text)) return text.toLowerCase().padStart(32, "0");
  const problem = /^[0-9a-fA-F]+$/.test(text)
    ? "TraceID cannot be longer than 32 hex characters"
    : "a trace id is 1 to 32 hex digits";
  throw parseError(name, `${problem}: ${text.slice(0, 100)}`);
}

/** True for `raw=true`. */
export function readRaw(query: LooseQuery): boolean {
  const text = query.one("raw");
  return text !== undefined && goBoolean("raw", text);
}

/** A time range of milliseconds: `endTs`, now by default, and `lookback` before it. */
export function lookbackRange(query: LooseQuery, nowNano: bigint, usualMs: bigint): TimeRange {
  const end = query.one("endTs");
  const lookback = query.one("lookback");
  const endNano = end === undefined ? nowNano : milliNano(goInteger("endTs", end, 64));
  const lookbackMs = lookback === undefined ? usualMs : goInteger("lookback", lookback, 64);
  const startNano = endNano - milliNano(lookbackMs);
  return { startNano: startNano < 0n ? 0n : startNano, endNano };
}

function milliNano(value: bigint): bigint {
  return keptNano(value * 1_000_000n);
}

function searchRange(query: LooseQuery, nowNano: bigint): TimeRange {
  const start = query.one("start");
  const end = query.one("end");
  // `end` is part of the range, to its last nanosecond.
  const endNano =
    end === undefined ? nowNano + 1n : keptNano((goInteger("end", end, 64) + 1n) * micro);
  const startNano =
    start === undefined
      ? keptNano(endNano - lookbackNano(query.one("lookback")))
      : keptNano(goInteger("start", start, 64) * micro);
  if (startNano < endNano) return { startNano, endNano };
  throw new ClewError("bad_request", "'start' should be before 'end'");
}

/** Jaeger UI sends `lookback` along with the times it made of it; alone it counts. */
function lookbackNano(text: string | undefined): bigint {
  const match = /^(\d{1,6})([smhdw])$/.exec(text ?? "");
  if (match === null) return usualLookbackNano;
  const units: Readonly<Record<string, bigint>> = {
    s: hourNano / 3600n,
    m: hourNano / 60n,
    h: hourNano,
    d: 24n * hourNano,
    w: 168n * hourNano,
  };
  return BigInt(match[1] ?? "0") * (units[match[2] ?? ""] ?? 0n);
}

function duration(query: LooseQuery, name: string): bigint | undefined {
  const text = query.one(name);
  return text === undefined ? undefined : goDuration(name, text);
}

function asNumber(nano: bigint): number {
  return Number(nano > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : nano);
}
