// Runs searches against the TraceQL reader: page by page up to the limit, and for streams in windows of time,
// the newest first, so that the first traces are shown while older ones are read.

import { ClewError } from "@clew/base";
import type { ReadCost, ResultTrace, TimeRange } from "@clew/model";
import type { TraceqlReader, TraceqlSearch } from "@clew/storage";
import { mostSpans } from "../traces/whole-traces.ts";

/** Traces that the reader gives a page. */
const pageLimit = 1000;
/** Ranges up to this are read in one go. */
const wholeNano = 3600n * 1_000_000_000n;

export interface FoundTraces {
  readonly traces: readonly ResultTrace[];
  readonly cost: ReadCost;
  readonly nextCursor?: string;
}

/** The traces of a search, at most `limit`. Raises `limit_exceeded` when all that they show is too much for memory. */
export async function searchTraces(
  reader: TraceqlReader,
  search: TraceqlSearch,
  signal: AbortSignal,
): Promise<FoundTraces> {
  const traces: ResultTrace[] = [];
  let cost: ReadCost | undefined;
  let shown = 0;
  let page: { cursor?: string } = search.cursor === undefined ? {} : { cursor: search.cursor };
  for (;;) {
    const limit = Math.min(pageLimit, search.limit - traces.length);
    const result = await reader.search({ ...search, limit, ...page }, signal);
    traces.push(...result.traces);
    shown += spansShown(result.traces);
    if (shown > mostSpans) throw tooMuchShown();
    cost = addCosts(cost, result.cost);
    const cursor = result.nextCursor;
    if (cursor === undefined) return { traces, cost };
    if (traces.length >= search.limit) return { traces, cost, nextCursor: cursor };
    page = { cursor };
  }
}

function spansShown(traces: readonly ResultTrace[]): number {
  return traces.reduce((sum, { spansets }) => {
    return spansets.reduce((spans, set) => spans + 1 + set.spans.length, sum);
  }, 0);
}

function tooMuchShown(): ClewError {
  return new ClewError("limit_exceeded", `the answer would show more than ${mostSpans} spans`, {
    hint: "ask for fewer traces (limit) or fewer spans of each (spss), or page with the header x-clew-next-cursor",
  });
}

export interface SearchPart {
  /** Traces that no part before had. */
  readonly traces: readonly ResultTrace[];
  /** Of all parts up to this one. */
  readonly cost: ReadCost;
  readonly done: number;
  readonly all: number;
}

/** The same traces as {@link searchTraces}, in parts. The last part has `done` equal to `all`. */
export async function* searchInParts(
  reader: TraceqlReader,
  search: TraceqlSearch,
  signal: AbortSignal,
): AsyncGenerator<SearchPart, void, undefined> {
  const windows = search.sort === "newest" ? windowsOf(search.range) : [search.range];
  const seen = new Set<string>();
  let cost: ReadCost | undefined;
  for (const [i, range] of windows.entries()) {
    const found = await searchTraces(reader, { ...search, range }, signal);
    const news = found.traces
      .filter(({ traceId }) => !seen.has(traceId))
      .slice(0, search.limit - seen.size);
    for (const { traceId } of news) seen.add(traceId);
    cost = addCosts(cost, found.cost);
    const isLast = i === windows.length - 1 || seen.size >= search.limit;
    const all = windows.length;
    yield { traces: news, cost, done: isLast ? all : i + 1, all };
    if (isLast) return;
  }
}

/** The last sixteenth of a long range, then the rest of it. */
function windowsOf({ startNano, endNano }: TimeRange): TimeRange[] {
  const width = endNano - startNano;
  if (width <= wholeNano) return [{ startNano, endNano }];
  const border = endNano - width / 16n;
  return [
    { startNano: border, endNano },
    { startNano, endNano: border },
  ];
}

function addCosts(sum: ReadCost | undefined, cost: ReadCost): ReadCost {
  if (sum === undefined) return cost;
  return {
    rows: sum.rows + cost.rows,
    bytes: sum.bytes + cost.bytes,
    traces: sum.traces + cost.traces,
    milliseconds: sum.milliseconds + cost.milliseconds,
    plan: cost.plan,
  };
}
