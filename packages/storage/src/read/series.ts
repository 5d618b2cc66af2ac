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

/** Receives the weight of one (step, bucket): of the spans with errors and of those without, each at most once. */
type Cell = (step: number, bucket: number, weight: number, isError: boolean) => void;

// A cell's key is one number, because grouping by one is quicker than by two and no sum needs a condition:
// step * 2^17 | error * 2^16 | bucket.
const STEP_UNIT = 131_072;
const ERROR_UNIT = 65_536;

/** @throws ClewError `bad_request` for a step that is not positive. */
export async function readRed(
  engine: Engine,
  query: SeriesQuery,
  context: ReadContext,
): Promise<RedSeries> {
  const steps = stepsOf(query);
  const histograms = Array.from({ length: steps.count }, () => new Histogram());
  const errorCount = Array.from({ length: steps.count }, () => 0);
  await readCells(engine, query, steps, 1, context, (step, bucket, weight, isError) => {
    histograms[step]?.add(bucket, weight);
    if (isError) errorCount[step] = (errorCount[step] ?? 0) + weight;
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
  const cells: Parameters<Cell>[] = [];
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
  for (const [step, bucket, weight, isError] of cells) {
    addTo(counts[step] as number[], bucket - low, weight);
    if (isError) addTo(errorCounts[step] as number[], bucket - low, weight);
  }
  const bucketNano = Array.from({ length: width === 0 ? 0 : width + 1 }, (_, i) =>
    bucketStartNano((low + i) * MERGED),
  );
  return { ...seriesHead(steps), bucketNano, counts, errorCounts };
}

function addTo(row: number[], at: number, weight: number): void {
  row[at] = (row[at] as number) + weight;
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
  const cellKey = merged === 1 ? "bucket" : `intDiv(bucket, ${merged})`;
  const rows = engine.readBinary(
    `SELECT toUInt32(above + ${cellKey}) AS key, sum(w) AS weights FROM (${source}) GROUP BY key`,
    { ...context, parameters: parameters.values },
  );
  // Read into locals first: a row that ends early is read again, so nothing may be added before it is whole.
  await forEachRow(rows, (cursor) => {
    const key = cursor.uint32();
    const weight = cursor.float64();
    const isError = key % STEP_UNIT >= ERROR_UNIT;
    cell(Math.floor(key / STEP_UNIT), key % ERROR_UNIT, weight, isError);
  });
}

/** SQL of a cell's key without its bucket: evaluated a row, not a bucket. */
function aboveBucket(
  seconds: string,
  { range, stepSeconds }: Steps,
  parameters: SqlParameters,
): string {
  const step = `intDiv(${seconds} - ${parameters.int64(BigInt(range.from))}, ${parameters.int64(BigInt(stepSeconds))})`;
  return `toUInt32(${step} * ${STEP_UNIT} + if(status = 'error', ${ERROR_UNIT}, 0))`;
}

function needsSpans({ attributes, minDurationNano, maxDurationNano }: SpanFilter): boolean {
  return attributes.length > 0 || minDurationNano !== undefined || maxDurationNano !== undefined;
}

function rollupCells(query: SeriesQuery, steps: Steps, parameters: SqlParameters): string {
  const { range, stepSeconds } = steps;
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
  const above = aboveBucket(`toInt64(toUnixTimestamp(${time}))`, steps, parameters);
  return `SELECT ${above} AS above, bucket, w FROM ${table}
    ARRAY JOIN mapKeys(hist) AS bucket, mapValues(hist) AS w WHERE ${parts.join(" AND ")}`;
}

async function spanCells(
  engine: Engine,
  query: SeriesQuery,
  steps: Steps,
  parameters: SqlParameters,
  context: ReadContext,
): Promise<string> {
  const condition = await SpanCondition.prepare(engine, query.tenant, query.filter, context);
  const nano = (seconds: number): bigint => BigInt(seconds) * BigInt(SECOND_NANO);
  const clause = condition.clause(
    { startNano: nano(steps.range.from), endNano: nano(steps.range.to) },
    parameters,
  );
  const above = aboveBucket("toInt64(minute) * 60", steps, parameters);
  return `SELECT ${above} AS above, ${BUCKET_SQL} AS bucket, toFloat64(adjusted_count) AS w FROM spans ${clause}`;
}
