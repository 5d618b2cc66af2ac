// The spans of a trace that a TraceQL filter (parameter `q` of version 2) asks for, with their ancestors and
// descendants when the hierarchy is to be kept.

import { ClewError } from "@clew/base";
import { type SpanBatch, toHex } from "@clew/model";
import type { TraceqlReader, TraceqlSearch } from "@clew/storage";
import { type FieldExpression, parse, type SpansetFilter } from "@clew/traceql";

/** Spans that may match; more than that are left out. */
const mostMatches = 10_000;

export interface TraceFilter {
  readonly filter: SpansetFilter;
  /** With `undefined` only the matches themselves. Depths in levels, -1 for all. */
  readonly hierarchy?: { readonly ancestors: number; readonly descendants: number };
}

/** Reads `q`. Raises `bad_request` for anything but one filter on single spans. */
export function parseTraceFilter(text: string): SpansetFilter {
  const query = parse(text);
  const [stage, ...more] = query.kind === "spans" ? query.pipeline.stages : [];
  if (stage?.kind === "filter" && more.length === 0) return stage;
  throw new ClewError("bad_request", "invalid q: must be one filter, such as { status = error }", {
    hint: "pipelines, relations between spans and metrics are for searches",
  });
}

/** Rows of `batch` that are asked for. */
export async function chosenRows(
  reader: TraceqlReader,
  tenant: string,
  batch: SpanBatch,
  { filter, hierarchy }: TraceFilter,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const found = await reader.search(matchesOf(tenant, batch, filter), signal);
  const spans = found.traces[0]?.spansets.flatMap((set) => set.spans) ?? [];
  const ids = new Set(spans.map((span) => span.spanId));
  const matches: number[] = [];
  for (let row = 0; row < batch.length; row++) if (ids.has(idOf(batch, row))) matches.push(row);
  if (hierarchy === undefined) return new Set(matches);
  return withRelatives(batch, matches, hierarchy);
}

function matchesOf(tenant: string, batch: SpanBatch, filter: SpansetFilter): TraceqlSearch {
  const { at } = filter;
  const traceId = toHex(batch.traceIds, 0, 16);
  const ofTrace: FieldExpression = {
    kind: "binary",
    operator: "=",
    left: { kind: "intrinsic", owner: "self", name: "trace:id", text: "trace:id", at },
    right: { kind: "static", type: "string", value: traceId, at },
    at,
  };
  const condition: FieldExpression = {
    kind: "binary",
    operator: "&&",
    left: filter.condition,
    right: ofTrace,
    at,
  };
  const pipeline = { kind: "pipeline", stages: [{ kind: "filter", condition, at }], at } as const;
  return {
    tenant,
    range: startsOf(batch),
    query: { kind: "spans", pipeline, hints: new Map(), at },
    sort: "newest",
    limit: 1,
    spansPerSpanset: mostMatches,
  };
}

function startsOf(batch: SpanBatch): TraceqlSearch["range"] {
  let startNano = batch.startNano(0);
  let endNano = startNano;
  for (let row = 1; row < batch.length; row++) {
    const start = batch.startNano(row);
    if (start < startNano) startNano = start;
    if (start > endNano) endNano = start;
  }
  return { startNano, endNano: endNano + 1n };
}

function withRelatives(
  batch: SpanBatch,
  matches: readonly number[],
  depths: { readonly ancestors: number; readonly descendants: number },
): ReadonlySet<number> {
  const rowById = new Map<string, number>();
  for (let row = batch.length - 1; row >= 0; row--) rowById.set(idOf(batch, row), row);
  const children = new Map<number, number[]>();
  const parents = new Map<number, number>();
  for (let row = 0; row < batch.length; row++) {
    const parent = rowById.get(toHex(batch.parentIds, row * 8, 8));
    if (parent === undefined || parent === row) continue;
    parents.set(row, parent);
    children.set(parent, [...(children.get(parent) ?? []), row]);
  }
  const up = (row: number): number[] => [parents.get(row) ?? []].flat();
  const down = (row: number): number[] => children.get(row) ?? [];
  return new Set([
    ...matches,
    ...reached(matches, up, depths.ancestors),
    ...reached(matches, down, depths.descendants),
  ]);
}

/** Rows within `depth` steps of `from`; each is visited once, so that a circle of parents ends. */
function reached(
  from: readonly number[],
  next: (row: number) => readonly number[],
  depth: number,
): ReadonlySet<number> {
  const seen = new Set(from);
  let level = [...from];
  const steps = depth < 0 ? Infinity : depth;
  for (let step = 0; level.length > 0 && step < steps; step++) {
    level = level.flatMap((row) => next(row).filter((other) => !seen.has(other)));
    for (const row of level) seen.add(row);
  }
  return seen;
}

function idOf(batch: SpanBatch, row: number): string {
  return toHex(batch.spanIds, row * 8, 8);
}
