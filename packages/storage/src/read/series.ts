// RED over time and latency heat maps. Both are sums of weights by (step, latency bucket): from the rollups
// where the filter only names what rollups know, from the spans themselves otherwise.

import { ClewError } from "@clew/base";
import type { Heatmap, RedSeries, SpanFilter } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import type { SeriesQuery } from "../trace-reader.ts";
import { BUCKET_SQL, bucketStartNano, Histogram } from "./histogram.ts";
import type { ReadContext } from "./read-context.ts";
import { inRange, type SecondsRange, wholeMinutes } from "./rollup-source.ts";
import { forEachRow } from "./row-binary.ts";
import { SpanCondition } from "./span-condition.ts";
import { SqlParameters } from "./sql-parameters.ts";

const MAX_STEPS = 2000;
const SECOND_NANO = 1_000_000_000;
const HOUR = 3600;
/** Rollup buckets in a heat map's bucket: 4 an octave are as many as an eye tells apart. */
const MERGED = 4;

interface Steps {
  readonly range: SecondsRange;
  readonly stepSeconds: number;
  readonly count: number;
}

/** Receives the sums of one (step, bucket); each pair comes once. */
type Cell = (step: number, bucket: number, weight: number, errors: number) => void;

/** @throws ClewError `bad_request` for a step that is not positive. */
export async function readRed(
  engine: Engine,
  query: SeriesQuery,
  context: ReadContext,
): Promise<RedSeries> {
  const steps = stepsOf(query);
  const histograms = Array.from({ length: steps.count }, () => new Histogram());
  const errorCount = Array.from({ length: steps.count }, () => 0);
  await readCells(engine, query, steps, 1, context, (step, bucket, weight, errors) => {
    histograms[step]?.add(bucket, weight);
    errorCount[step] = (errorCount[step] ?? 0) + errors;
  });
  const quantiles = histograms.map((histogram) => histogram.quantiles([0.5, 0.95, 0.99]));
  return {
    ...seriesHead(steps),
    count: histograms.map(({ total }) => total),
    errorCount,
    p50Nano: quantiles.map(([p50 = 0]) => p50),
    p95Nano: quantiles.map(([, p95 = 0]) => p95),
    p99Nano: quantiles.map(([, , p99 = 0]) => p99),
  };
}

/** Buckets cover the shortest to the longest duration present. */
export async function readHeatmap(
  engine: Engine,
  query: SeriesQuery,
  context: ReadContext,
): Promise<Heatmap> {
  const steps = stepsOf(query);
  const cells: [number, number, number, number][] = [];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  await readCells(engine, query, steps, MERGED, context, (...cell) => {
    cells.push(cell);
    low = Math.min(low, cell[1]);
    high = Math.max(high, cell[1]);
  });
  const width = cells.length === 0 ? 0 : high - low + 1;
  const grid = (): number[][] =>
    Array.from({ length: steps.count }, () => Array.from({ length: width }, () => 0));
  const counts = grid();
  const errorCounts = grid();
  for (const [step, bucket, weight, errors] of cells) {
    (counts[step] as number[])[bucket - low] = weight;
    (errorCounts[step] as number[])[bucket - low] = errors;
  }
  const bucketNano = Array.from({ length: width === 0 ? 0 : width + 1 }, (_, i) =>
    bucketStartNano((low + i) * MERGED),
  );
  return { ...seriesHead(steps), bucketNano, counts, errorCounts };
}

function seriesHead({ range, stepSeconds }: Steps): { startUnixNano: string; stepNano: number } {
  return {
    startUnixNano: String(BigInt(range.from) * BigInt(SECOND_NANO)),
    stepNano: stepSeconds * SECOND_NANO,
  };
}

/** Whole minutes a step, and no more than MAX_STEPS of them. */
function stepsOf(query: SeriesQuery): Steps {
  if (!(query.stepNano > 0))
    throw new ClewError("bad_request", "a step is a positive number of nanoseconds");
  const range = wholeMinutes(query.range);
  const length = range.to - range.from;
  const wanted = Math.max(query.stepNano / SECOND_NANO, length / MAX_STEPS);
  const stepSeconds = Math.max(60, Math.ceil(wanted / 60) * 60);
  return { range, stepSeconds, count: Math.ceil(length / stepSeconds) };
}

async function readCells(
  engine: Engine,
  query: SeriesQuery,
  steps: Steps,
  merged: number,
  context: ReadContext,
  cell: Cell,
): Promise<void> {
  if (steps.count === 0) return;
  const parameters = new SqlParameters();
  const source = needsSpans(query.filter)
    ? await spanCells(engine, query, steps, parameters, context)
    : rollupCells(query, steps, parameters);
  const step = `toUInt32(intDiv(seconds - ${parameters.int64(BigInt(steps.range.from))}, ${parameters.int64(BigInt(steps.stepSeconds))}))`;
  const rows = engine.readBinary(
    `SELECT ${step} AS step, toUInt16(intDiv(bucket, ${merged})) AS cell, sum(w) AS weights, sumIf(w, error) AS errors
     FROM (${source}) GROUP BY step, cell`,
    { ...context, parameters: parameters.values },
  );
  // Read into locals first: a row that ends early is read again, so nothing may be added before it is whole.
  await forEachRow(rows, (cursor) => {
    const at = cursor.uint32();
    const bucket = cursor.uint16();
    const weight = cursor.float64();
    cell(at, bucket, weight, cursor.float64());
  });
}

function needsSpans({ attributes, minDurationNano, maxDurationNano }: SpanFilter): boolean {
  return attributes.length > 0 || minDurationNano !== undefined || maxDurationNano !== undefined;
}

function rollupCells(
  query: SeriesQuery,
  { range, stepSeconds }: Steps,
  parameters: SqlParameters,
): string {
  const { service, operation, kind, status } = query.filter;
  const hourly = stepSeconds % HOUR === 0 && range.from % HOUR === 0 && range.to % HOUR === 0;
  // Rows of whole services are far fewer, but lie in order of time: one service over long is quicker in red_1m.
  const ofServices = service === undefined && operation === undefined;
  const [table, time]: readonly [string, string] = ofServices
    ? ["service_red", "time"]
    : hourly
      ? ["red_1h", "hour"]
      : ["red_1m", "minute"];
  const parts = [`tenant = ${parameters.text(query.tenant)}`, inRange(time, range, parameters)];
  if (ofServices) parts.push(`step = '${hourly ? "hour" : "minute"}'`);
  if (service !== undefined) parts.push(`service = ${parameters.text(service)}`);
  if (operation !== undefined) parts.push(`name = ${parameters.text(operation)}`);
  if (kind !== undefined) parts.push(`kind = ${parameters.text(kind)}`);
  if (status !== undefined) parts.push(`status = ${parameters.text(status)}`);
  return `SELECT toInt64(toUnixTimestamp(${time})) AS seconds, bucket, w, status = 'error' AS error
    FROM ${table} ARRAY JOIN mapKeys(hist) AS bucket, mapValues(hist) AS w WHERE ${parts.join(" AND ")}`;
}

async function spanCells(
  engine: Engine,
  query: SeriesQuery,
  { range }: Steps,
  parameters: SqlParameters,
  context: ReadContext,
): Promise<string> {
  const condition = await SpanCondition.prepare(engine, query.tenant, query.filter, context);
  const nano = (seconds: number): bigint => BigInt(seconds) * BigInt(SECOND_NANO);
  const clause = condition.clause(
    { startNano: nano(range.from), endNano: nano(range.to) },
    parameters,
  );
  return `SELECT toInt64(minute) * 60 AS seconds, ${BUCKET_SQL} AS bucket, toFloat64(adjusted_count) AS w,
    status = 'error' AS error FROM spans ${clause}`;
}
