// Increments of RED and of service edges a step, for the Prometheus API: from the rollups alone. Edges keep no
// sum of durations: theirs is made from the histogram, each duration taken as the middle of its bucket, and so
// within 2.2 %. Their durations are those that the caller saw.

import { ClewError } from "@clew/base";
import type { TimeRange } from "@clew/model";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { inRange, type SecondsRange } from "../../read/rollup-source.ts";
import { forEachRow, type RowCursor } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import type {
  EdgeIncrementsQuery,
  EdgeSeriesLabel,
  Increments,
  LabelMatcher,
  SpanIncrementsQuery,
  SpanSeriesLabel,
} from "../../red-series-reader.ts";

const MINUTE_NANO = 60_000_000_000n;
const SECOND_NANO = 1_000_000_000n;
const HOUR = 3600;
/** Numbers that an answer holds at most: series times steps. */
const MAX_CELLS = 5_000_000;

const SPAN_LABELS: Readonly<Record<SpanSeriesLabel, string>> = {
  service: "service",
  span_name: "name",
  span_kind: "concat('SPAN_KIND_', upper(toString(kind)))",
  status_code: "concat('STATUS_CODE_', upper(toString(status)))",
};

const EDGE_LABELS: Readonly<Record<EdgeSeriesLabel, string>> = {
  client: "source",
  server: "target",
  connection_type: `multiIf(target_type = 'database', 'database',
    target_type = 'messaging' OR source_type = 'messaging', 'messaging_system',
    target_type = 'external', 'virtual_node', '')`,
};

interface Steps {
  readonly range: SecondsRange;
  readonly seconds: number;
  readonly count: number;
}

/** Where increments come from: a rollup table with the SQL of what is summed. */
interface Source {
  readonly table: string;
  readonly time: string;
  readonly condition: string;
  readonly errors: string;
  readonly seconds: string;
}

export async function readSpanIncrements(
  engine: Engine,
  query: SpanIncrementsQuery,
  context: ReadContext,
): Promise<readonly Increments<SpanSeriesLabel>[]> {
  const steps = stepsOf(query.range, query.stepNano);
  const hourly = steps.seconds % HOUR === 0 && steps.range.from % HOUR === 0;
  const named = [...query.by, ...query.matchers.map(({ label }) => label)].includes("span_name");
  const common = { errors: "sumIf(weight, status = 'error')", seconds: "sum(duration_sum) / 1e9" };
  const source: Source = named
    ? {
        table: hourly ? "red_1h" : "red_1m",
        time: hourly ? "hour" : "minute",
        condition: "",
        ...common,
      }
    : {
        table: "service_red",
        time: "time",
        condition: `AND step = '${hourly ? "hour" : "minute"}'`,
        ...common,
      };
  return readIncrements(engine, query, steps, source, SPAN_LABELS, context);
}

export async function readEdgeIncrements(
  engine: Engine,
  query: EdgeIncrementsQuery,
  context: ReadContext,
): Promise<readonly Increments<EdgeSeriesLabel>[]> {
  const source: Source = {
    table: "edges_1m",
    time: "minute",
    condition: "",
    errors: "sum(errors)",
    seconds:
      "sum(arraySum((b, w) -> w * exp2((b + 0.5) / 16), mapKeys(hist), mapValues(hist))) / 1e9",
  };
  const steps = stepsOf(query.range, query.stepNano);
  return readIncrements(engine, query, steps, source, EDGE_LABELS, context);
}

function stepsOf(range: TimeRange, stepNano: bigint): Steps {
  if (stepNano <= 0n || stepNano % MINUTE_NANO !== 0n || range.startNano % MINUTE_NANO !== 0n) {
    throw new ClewError("bad_request", "increments start at whole minutes and take whole minutes");
  }
  const seconds = Number(stepNano / SECOND_NANO);
  const from = Number(range.startNano / SECOND_NANO);
  const length = range.endNano > range.startNano ? range.endNano - range.startNano : 0n;
  const count = Number((length + stepNano - 1n) / stepNano);
  return { range: { from, to: from + count * seconds }, seconds, count };
}

type Query<L extends string> = Pick<SpanIncrementsQuery, "tenant" | "histogram" | "maxSeries"> & {
  readonly matchers: readonly LabelMatcher<L>[];
  readonly by: readonly L[];
};

async function readIncrements<L extends string>(
  engine: Engine,
  query: Query<L>,
  steps: Steps,
  source: Source,
  labels: Readonly<Record<L, string>>,
  context: ReadContext,
): Promise<readonly Increments<L>[]> {
  await checkPatterns(engine, query.matchers, context);
  const parameters = new SqlParameters();
  const { table, time } = source;
  const where = [
    `tenant = ${parameters.text(query.tenant)}`,
    inRange(time, steps.range, parameters),
    ...query.matchers.map((matcher) => matches(matcher, labels[matcher.label], parameters)),
  ];
  const keys = query.by.map((label, i) => `toString(${labels[label]}) AS l${i}`);
  const step = `toUInt32(intDiv(toInt64(toUnixTimestamp(${time})) - ${parameters.int64(BigInt(steps.range.from))}, ${parameters.int64(BigInt(steps.seconds))})) AS at`;
  const sums = ["sum(weight)", source.errors, `toFloat64(${source.seconds})`];
  if (query.histogram) sums.push("sumMap(hist)");
  const groups = [...query.by.map((_, i) => `l${i}`), "at"].join(", ");
  const rows = engine.readBinary(
    `SELECT ${[...keys, step, ...sums].join(", ")} FROM ${table}
     WHERE ${where.join(" AND ")} ${source.condition} GROUP BY ${groups}`,
    { ...context, parameters: parameters.values },
  );
  const collected = new Collected(query, steps.count);
  await forEachRow(rows, (cursor) => collected.read(cursor));
  return collected.series();
}

/** Collects rows (labels, step, sums) into series. */
class Collected<L extends string> {
  readonly #query: Query<L>;
  readonly #steps: number;
  readonly #series = new Map<string, Increments<L>>();

  constructor(query: Query<L>, steps: number) {
    this.#query = query;
    this.#steps = steps;
  }

  /** Reads into locals first: a row that ends early is read again. */
  read(cursor: RowCursor): void {
    const texts = this.#query.by.map(() => cursor.text());
    const step = cursor.uint32();
    const [count, errors, seconds] = [cursor.float64(), cursor.float64(), cursor.float64()];
    const histogram = this.#query.histogram ? readHistogram(cursor) : undefined;
    const one = this.#of(texts);
    one.count[step] = count;
    one.errors[step] = errors;
    one.seconds[step] = seconds;
    if (histogram !== undefined) (one.histogram as ReadonlyMap<number, number>[])[step] = histogram;
  }

  series(): readonly Increments<L>[] {
    return [...this.#series.values()];
  }

  #of(texts: readonly string[]): Increments<L> {
    const key = JSON.stringify(texts);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const { by, maxSeries, histogram } = this.#query;
    if (
      this.#series.size >= maxSeries ||
      (this.#series.size + 1) * this.#steps > MAX_CELLS + this.#steps
    ) {
      throw new ClewError("limit_exceeded", `more than ${this.#series.size} series`, {
        hint: "match fewer services or operations, or ask for a shorter range",
      });
    }
    const fresh: Increments<L> = {
      labels: Object.fromEntries(
        by.map((label, i) => [label, texts[i]]),
      ) as Increments<L>["labels"],
      count: new Float64Array(this.#steps),
      errors: new Float64Array(this.#steps),
      seconds: new Float64Array(this.#steps),
      ...(histogram ? { histogram: Array.from({ length: this.#steps }, () => new Map()) } : {}),
    };
    this.#series.set(key, fresh);
    return fresh;
  }
}

function readHistogram(cursor: RowCursor): ReadonlyMap<number, number> {
  const histogram = new Map<number, number>();
  for (let left = cursor.varint(); left > 0; left--) {
    const bucket = cursor.uint16();
    histogram.set(bucket, cursor.float64());
  }
  return histogram;
}

function matches<L extends string>(
  { operator, value }: LabelMatcher<L>,
  label: string,
  parameters: SqlParameters,
): string {
  if (operator === "=" || operator === "!=")
    return `${label} ${operator} ${parameters.text(value)}`;
  return `${operator === "!~" ? "NOT " : ""}match(${label}, ${parameters.text(anchored(value))})`;
}

function anchored(pattern: string): string {
  return `^(?s:${pattern})$`;
}

/** Has the engine compile every pattern: one that meets no row would pass however malformed it is. */
async function checkPatterns(
  engine: Engine,
  matchers: readonly LabelMatcher<string>[],
  context: ReadContext,
): Promise<void> {
  const parameters = new SqlParameters();
  const calls = matchers
    .filter(({ operator }) => operator === "=~" || operator === "!~")
    .map(({ value }) => `match(materialize(''), ${parameters.text(anchored(value))})`);
  if (calls.length === 0) return;
  await engine.readRows(`SELECT ${calls.join(", ")}`, {
    ...context,
    parameters: parameters.values,
  });
}
