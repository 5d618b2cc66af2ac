// Exemplars: spans that stand for a point of a series. At most two a bucket and group, one a trace. Which ones
// is decided by a hash of their ids, so that the same question gives the same spans.

import type { TypedValue } from "@clew/model";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { forEachRow, type RowCursor } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { type GroupExemplar, isDuration } from "./first-stage.ts";
import { type GroupKey, groupKeys } from "./group-keys.ts";
import { LeastHashed } from "./least-hashed.ts";
import { exponentSql, numberSql, type Scan, stepSql } from "./scan-cells.ts";
import { spanClause } from "./span-clause.ts";
import { type Steps, startsOf } from "./steps.ts";

const MINUTE_NANO = 60_000_000_000n;
/** Exemplars of a query, whatever it asks for. */
export const MAX_EXEMPLARS = 10_000;
export const PER_BUCKET = 2;
/** Minutes that the first look takes: of frequent spans it finds enough, and costs next to nothing. */
const FIRST_MINUTES = 60;
/** Spans of a look among which exemplars are chosen, in all and of one minute. */
const MAX_CANDIDATES = 50_000;
const MINUTE_CANDIDATES = 800;

/** At most `limit` times a few: the answer shares them out among its series. */
export async function readExemplars(
  engine: Engine,
  scan: Scan,
  limit: number,
  context: ReadContext,
): Promise<readonly GroupExemplar[]> {
  if (limit === 0 || scan.steps.count === 0) return [];
  const minutes = spreadMinutes(scan.steps);
  const first = await look(engine, scan, limit, minutes, context);
  if (minutes === undefined || first.candidates >= limit) return onePerTrace(first.exemplars);
  return onePerTrace((await look(engine, scan, limit, undefined, context)).exemplars);
}

/** Minutes spread over the range; undefined when there are so few that all can be read. */
function spreadMinutes(steps: Steps): readonly number[] | undefined {
  const { startNano, endNano } = startsOf(steps);
  const from = Number(startNano / MINUTE_NANO);
  const length = Number(endNano / MINUTE_NANO) - from + 1;
  if (length <= FIRST_MINUTES) return undefined;
  return Array.from(
    { length: FIRST_MINUTES },
    (_, i) => from + Math.floor(((i + 0.5) * length) / FIRST_MINUTES),
  );
}

interface Look {
  readonly exemplars: readonly GroupExemplar[];
  /** Spans that they were chosen from. */
  readonly candidates: number;
}

async function look(
  engine: Engine,
  scan: Scan,
  limit: number,
  minutes: readonly number[] | undefined,
  context: ReadContext,
): Promise<Look> {
  const parameters = new SqlParameters();
  const { range, fields, steps } = scan;
  const number = numberSql(scan, parameters);
  const by = groupKeys(range.by, fields, parameters);
  const keys = by.map(({ sql }, i) => `${sql} AS g${i}`);
  const names = range.by.map((_, i) => `g${i}`);
  if (range.function === "histogram_over_time" && number !== undefined) {
    keys.push(`${exponentSql(number)} AS exponent`);
    names.push("exponent");
  }
  const condition = [
    ...(minutes === undefined
      ? []
      : [`AND minute IN (${minutes.map((minute) => parameters.uint32(minute)).join(", ")})`]),
    ...(number === undefined ? [] : [`AND isNotNull(${number})`]),
    ...(range.function === "histogram_over_time" ? [`AND assumeNotNull(${number}) >= 2`] : []),
  ].join(" ");
  const value = number === undefined ? "toFloat64(nan)" : `ifNull(toFloat64(${number}), nan)`;
  const columns = [
    `${stepSql(steps, parameters)} AS at`,
    ...keys,
    "lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span",
    "toFloat64(toUnixTimestamp64Milli(start)) AS time",
    `${value} AS value`,
  ];
  const rows = engine.readBinary(
    `SELECT at, ${[...names, "trace", "span", "time", "value"].join(", ")}, toFloat64(count() OVER ())
     FROM (SELECT ${columns.join(",\n ")} FROM spans ${spanClause(scan, startsOf(steps), parameters)} ${condition}
           LIMIT ${MINUTE_CANDIDATES} BY minute LIMIT ${MAX_CANDIDATES})
     ORDER BY cityHash64(trace, span), trace, span
     LIMIT ${PER_BUCKET} BY ${["at", ...names].join(", ")}
     LIMIT ${parameters.uint32(Math.min(limit, MAX_EXEMPLARS) * 4)}`,
    { ...context, parameters: parameters.values },
  );
  const exemplars: GroupExemplar[] = [];
  let candidates = 0;
  await forEachRow(rows, (cursor) => {
    const exemplar = readRow(cursor, scan, by);
    candidates = cursor.float64();
    exemplars.push(exemplar);
  });
  return { exemplars, candidates };
}

function readRow(cursor: RowCursor, { range }: Scan, by: readonly GroupKey[]): GroupExemplar {
  const step = cursor.uint32();
  const group: TypedValue[] = by.map(({ read }) => read(cursor));
  if (range.function === "histogram_over_time")
    group.push({ type: "int", value: String(cursor.uint16()) });
  const [traceId, spanId] = [cursor.text(), cursor.text()];
  const [timeMs, number] = [cursor.float64(), cursor.float64()];
  const { argument } = range;
  const value = argument !== undefined && isDuration(argument) ? number / 1e9 : number;
  const shown = range.function === "histogram_over_time" ? Number.NaN : value;
  return { group, step, traceId, spanId, timeMs, value: shown };
}

/** The first of each trace. */
export function onePerTrace<T extends { readonly traceId: string }>(exemplars: readonly T[]): T[] {
  const seen = new Set<string>();
  return exemplars.filter(({ traceId }) => !seen.has(traceId) && seen.add(traceId));
}

/** Room for the spans that a pipeline about whole traces gives one by one. */
export function exemplarRoom(limit: number): LeastHashed<GroupExemplar> {
  return new LeastHashed(Math.min(limit, MAX_EXEMPLARS) * 4, PER_BUCKET);
}
