// What Tempo's requests, over HTTP or gRPC, ask the TraceQL reader: parsed queries, ranges, limits.

import { ClewError } from "@clew/base";
import type { tempo } from "@clew/codec";
import type { TimeRange } from "@clew/model";
import type { TagQuery, TraceqlMetrics, TraceqlSearch } from "@clew/storage";
import { type MetricsQuery, parse, parseFilter, type SpansetFilter } from "@clew/traceql";
import { fieldOfBareTag, fieldOfTag } from "./field-names.ts";
import { queryOfTags } from "./tags-query.ts";
import { defaultStep } from "./time.ts";

const second = 1_000_000_000n;
const hour = 3600n * second;
/** Range of a search, or of a list of tags, that names no start. */
const recentNano = 24n * hour;
const mostTraces = 262_144;
const mostSpans = 10_000;
const mostIntervals = 10_000n;
const mostTags = 10_000;
const mostSeries = 10_000;
const mostExemplars = 10_000;
export const usualExemplars = 100;

/** Who asks, and when. */
export interface Asker {
  readonly tenant: string;
  readonly nowNano: bigint;
}

type SearchOptions = Partial<Pick<TraceqlSearch, "sort" | "cursor">>;

/** A search of which `limit` may be more than a page of the reader. Raises `bad_request`. */
export function searchQuestion(
  request: tempo.SearchRequest,
  asker: Asker,
  { sort = "newest", ...page }: SearchOptions = {},
): TraceqlSearch {
  const tags = Object.entries(request.tags);
  const { query, minDurationMs, maxDurationMs } = request;
  if (query !== "" && tags.length > 0) {
    throw new ClewError(
      "bad_request",
      "invalid request: can't specify tags and q in the same query",
    );
  }
  if (minDurationMs > 0 && maxDurationMs > 0 && minDurationMs > maxDurationMs) {
    throw new ClewError("bad_request", "invalid maxDuration: must be greater than minDuration");
  }
  const text = query === "" ? queryOfTags(tags, nano(minDurationMs), nano(maxDurationMs)) : query;
  const parsed = parse(text);
  if (parsed.kind === "metrics") {
    throw new ClewError("bad_request", "this is a metrics query, which a search cannot answer", {
      hint: "ask /tempo/api/metrics/query_range or /tempo/api/metrics/query",
    });
  }
  return {
    tenant: asker.tenant,
    range: secondsRange(request.start, request.end, asker.nowNano),
    query: parsed,
    sort,
    limit: Math.min(request.limit || 20, mostTraces),
    spansPerSpanset: Math.min(request.spansPerSpanSet || 3, mostSpans),
    ...page,
  };
}

function nano(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1_000_000));
}

/** `start` and `end` in seconds, 0 for none: `end` is now then, `start` a day before `end`. */
export function secondsRange(start: number, end: number, nowNano: bigint): TimeRange {
  const endNano = end === 0 ? nowNano : BigInt(end) * second;
  const startNano = start === 0 ? earlier(endNano, recentNano) : BigInt(start) * second;
  return range(startNano, endNano);
}

function earlier(time: bigint, by: bigint): bigint {
  return time > by ? time - by : 0n;
}

function range(startNano: bigint, endNano: bigint): TimeRange {
  if (startNano < endNano) return { startNano, endNano };
  const received = `received start=${startNano / second} end=${endNano / second}`;
  throw new ClewError("bad_request", `http parameter start must be before end. ${received}`);
}

/** A metrics question; `sinceNano` counts when `start` is 0. Raises `bad_request`. */
export function metricsQuestion(
  request: tempo.MetricsRequest,
  asker: Asker,
  sinceNano: bigint = hour,
): TraceqlMetrics {
  const query = parse(request.query);
  if (query.kind !== "metrics") {
    throw new ClewError("bad_request", "this is a search, not a metrics query", {
      hint: "add a function such as | rate(), or ask /tempo/api/search",
    });
  }
  const endNano = request.end === 0n ? asker.nowNano : request.end;
  const startNano = request.start === 0n ? earlier(endNano, sinceNano) : request.start;
  const question = {
    tenant: asker.tenant,
    range: range(startNano, endNano),
    query,
    exemplars: exemplarsOf(query, request.exemplars),
    maxSeries: request.maxSeries === 0 ? mostSeries : Math.min(request.maxSeries, mostSeries),
  };
  if (request.instant) return question;
  const width = endNano - startNano;
  const stepNano = request.step === 0n ? defaultStep(width) : request.step;
  if (width / stepNano <= mostIntervals) return { ...question, stepNano };
  throw new ClewError("bad_request", `step is too small: more than ${mostIntervals} intervals`, {
    hint: `for this range it is at least ${width / mostIntervals / second + 1n}s`,
  });
}

/** The hint `with(exemplars=...)` counts more than the parameter. */
function exemplarsOf(query: MetricsQuery, asked: number): number {
  const hint = query.hints.get("exemplars");
  if (hint?.type === "bool") return hint.value ? asked || usualExemplars : 0;
  if (hint?.type === "int") return Math.max(0, Math.min(Number(hint.value), mostExemplars));
  return Math.min(asked, mostExemplars);
}

/** What both lists of tags and lists of values ask. */
export function tagQuestion(request: tempo.TagRequest, asker: Asker): TagQuery {
  const filter = lenientFilter(request.query);
  return {
    tenant: asker.tenant,
    range: secondsRange(request.start, request.end, asker.nowNano),
    limit: request.limit > 0 ? Math.min(request.limit, mostTags) : mostTags,
    ...(filter === undefined ? {} : { filter }),
  };
}

/** `bare`: version 1 of the API, where names have no scope. Raises `bad_request`. */
export function tagValuesQuestion(
  request: tempo.TagRequest,
  asker: Asker,
  bare: boolean,
): TagQuery & { readonly field: ReturnType<typeof fieldOfTag> } {
  const field = bare ? fieldOfBareTag(request.tagName) : fieldOfTag(request.tagName);
  return { ...tagQuestion(request, asker), field };
}

/** The filter of a query that may be half typed; undefined when nothing of it can be used. */
function lenientFilter(text: string): SpansetFilter | undefined {
  const filter = text.trim() === "" ? undefined : parseFilter(text);
  // `{}` holds for every span: the catalogue knows as much, and faster.
  return filter?.condition.kind === "static" ? undefined : filter;
}
