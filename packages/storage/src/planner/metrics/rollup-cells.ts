// The first stage from the rollups. Their minutes begin where the buckets of TraceQL end: a span that starts
// at the very edge of two buckets belongs to the earlier one but is counted in the minute of the later. Such
// spans are read from table `spans` and moved, so that the answer is the same as that of a scan.

import type { TypedValue } from "@clew/model";
import type { RangeAggregate } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { inRange, redRows, serviceRedRows } from "../../read/rollup-source.ts";
import { forEachRow, type RowCursor } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { SINCE_MINUTE } from "../../schema/tables.ts";
import { OTHER_NAME } from "../../write/red-sums.ts";
import { Cells, withGroups } from "./cells.ts";
import { columnKey } from "./group-keys.ts";
import type { RollupColumn } from "./rollup-condition.ts";
import type { RollupPlan } from "./rollup-plan.ts";
import type { Steps } from "./steps.ts";

const SECOND_NANO = 1_000_000_000n;
// Columns of the cells that are collected here.
const SPANS = 0;
const WEIGHT = 1;
const DURATION = 2;
const LONGEST = 3;
const ALL = [SPANS, WEIGHT, DURATION, LONGEST] as const;

export interface RollupRead {
  readonly tenant: string;
  readonly plan: RollupPlan;
  readonly range: RangeAggregate;
  readonly steps: Steps;
  readonly isWeighted: boolean;
}

/**
 * Folds the part of the range that the plan reads from rollups into `cells`. False, and nothing folded, when
 * they turn out not to know enough: names that were too many for them, sums of spans that stand for several
 * where the query counts each once, a longest span at the edge of two buckets.
 */
export async function rollupCells(
  engine: Engine,
  read: RollupRead,
  cells: Cells,
  context: ReadContext,
): Promise<boolean> {
  const sums = new Cells(["sum", "sum", "sum", "max"], read.steps.count);
  const [isNamed, edges] = await Promise.all([
    namesAreKept(engine, read, context),
    readEdges(engine, read, context),
    readSums(engine, read, sums, context),
  ]);
  const isMaximum = read.range.function === "max_over_time";
  if (!isNamed || !edges.every((edge) => moveEdge(edge, sums, isMaximum))) return false;
  return transfer(read, sums, cells);
}

async function readSums(
  engine: Engine,
  read: RollupRead,
  sums: Cells,
  context: ReadContext,
): Promise<void> {
  const { plan, steps } = read;
  const parameters = new SqlParameters();
  const step = steps.isInstant
    ? "toUInt32(0)"
    : `toUInt32(intDiv(seconds - ${parameters.int64(steps.startNano / SECOND_NANO)}, ${parameters.int64(steps.stepNano / SECOND_NANO)}))`;
  const columns = "spans, weight, duration_sum, duration_max";
  const rows = engine.readBinary(
    `SELECT ${[`${step} AS at`, ...keysOf(plan.by)].join(", ")},
       toFloat64(sum(spans)), sum(weight), sum(duration_sum), toFloat64(max(duration_max))
     FROM (${rollupRows(read, columns, parameters)}) GROUP BY ${groupsOf(plan.by)}`,
    { ...withGroups(context, sums.maxRows), parameters: parameters.values },
  );
  await forEachRow(rows, (cursor) => {
    const at = cursor.uint32();
    const group = readGroup(cursor, plan.by);
    const values = [cursor.float64(), cursor.float64(), cursor.float64(), cursor.float64()];
    const index = sums.group(group);
    for (const [column, value] of values.entries()) sums.fold(index, column, at, value);
  });
}

/** A subquery of rollup rows with `seconds`, the columns of by() and `columns`. */
export function rollupRows(
  { tenant, plan, steps }: RollupRead,
  columns: string,
  parameters: SqlParameters,
): string {
  const { needsNames, inside, isHourly } = plan;
  const condition = plan.condition(parameters);
  const where = condition === undefined ? "" : ` AND (${condition})`;
  const by = plan.by.map((column) => `, ${column}`).join("");
  if (steps.isInstant) {
    const list = `${columns}${by}`;
    return needsNames
      ? redRows(tenant, inside, list, where, parameters)
      : `${serviceRedRows(tenant, inside, list, parameters)}${where}`;
  }
  const [table, time, unit] = needsNames
    ? isHourly
      ? (["red_1h", "hour", ""] as const)
      : (["red_1m", "minute", ""] as const)
    : (["service_red", "time", ` AND step = '${isHourly ? "hour" : "minute"}'`] as const);
  return `SELECT toInt64(toUnixTimestamp(${time})) AS seconds, ${columns}${by} FROM ${table}
    WHERE tenant = ${parameters.text(tenant)} AND ${inRange(time, inside, parameters)}${unit}${where}`;
}

/** Operations past a bound are summed under one name; then only the spans know theirs. */
export async function namesAreKept(
  engine: Engine,
  { tenant, plan }: RollupRead,
  context: ReadContext,
): Promise<boolean> {
  if (!plan.needsNames) return true;
  const parameters = new SqlParameters();
  const rows = await engine.readRows(
    `SELECT 1 FROM red_1h WHERE tenant = ${parameters.text(tenant)} AND name = ${parameters.text(OTHER_NAME)}
     AND ${inRange("hour", { from: plan.inside.from - 3600, to: plan.inside.to }, parameters)} LIMIT 1`,
    { ...context, parameters: parameters.values },
  );
  return rows.length === 0;
}

interface Edge {
  /** The bucket that begins here. */
  readonly step: number;
  readonly group: readonly TypedValue[];
  readonly spans: number;
  readonly weight: number;
  readonly duration: number;
  readonly longest: number;
}

/** The spans that start exactly where a bucket begins, added up. */
async function readEdges(
  engine: Engine,
  { tenant, plan, steps }: RollupRead,
  context: ReadContext,
): Promise<readonly Edge[]> {
  if (steps.isInstant) return [];
  const parameters = new SqlParameters();
  const minute = (seconds: number): string => parameters.uint32(seconds / 60);
  const first = steps.startNano / SECOND_NANO;
  const elapsed = `toInt64(minute) * 60 - ${parameters.int64(first)}`;
  const step = parameters.int64(steps.stepNano / SECOND_NANO);
  const condition = plan.condition(parameters);
  const where = condition === undefined ? "" : `AND (${condition})`;
  const rows = engine.readBinary(
    `SELECT ${[`toUInt32(intDiv(${elapsed}, ${step})) AS at`, ...keysOf(plan.by)].join(", ")},
       toFloat64(count()), toFloat64(sum(adjusted_count)),
       sum(toFloat64(greatest(duration, 0)) * adjusted_count), toFloat64(max(duration))
     FROM spans PREWHERE tenant = ${parameters.text(tenant)}
       AND minute >= ${minute(plan.inside.from)} AND minute < ${minute(plan.inside.to)}
       AND (${elapsed}) % ${step} = 0
       AND ${SINCE_MINUTE} = 0 ${where}
     GROUP BY ${groupsOf(plan.by)}`,
    { ...context, parameters: parameters.values },
  );
  const edges: Edge[] = [];
  await forEachRow(rows, (cursor) => {
    const at = cursor.uint32();
    const group = readGroup(cursor, plan.by);
    const [spans, weight] = [cursor.float64(), cursor.float64()];
    const [duration, longest] = [cursor.float64(), cursor.float64()];
    edges.push({ step: at, group, spans, weight, duration, longest });
  });
  // In this order a bucket loses the spans of its first instant before it gets those of its last.
  return edges.sort((a, b) => a.step - b.step);
}

/** Moves the spans of an edge into the bucket that ends there; those at the very first belong to none. */
function moveEdge(edge: Edge, sums: Cells, isMaximum: boolean): boolean {
  const group = sums.group(edge.group);
  const { step } = edge;
  if (sums.column(group, SPANS)[step] === edge.spans) {
    for (const column of ALL) sums.clear(group, column, step);
  } else {
    // A longest span cannot be taken out of a maximum.
    if (isMaximum && edge.longest >= (sums.column(group, LONGEST)[step] as number)) return false;
    addEdge(edge, sums, group, step, -1);
  }
  if (step > 0) {
    addEdge(edge, sums, group, step - 1, 1);
    sums.fold(group, LONGEST, step - 1, edge.longest);
  }
  return true;
}

function addEdge(edge: Edge, sums: Cells, group: number, step: number, sign: 1 | -1): void {
  sums.fold(group, SPANS, step, sign * edge.spans);
  sums.fold(group, WEIGHT, step, sign * edge.weight);
  sums.fold(group, DURATION, step, sign * edge.duration);
}

/** Gives the function's cells what it needs of the sums. */
function transfer({ range, isWeighted }: RollupRead, sums: Cells, cells: Cells): boolean {
  const addsDurations = range.function === "sum_over_time" || range.function === "avg_over_time";
  if (addsDurations && !isWeighted && !isUnweighted(sums)) return false;
  const count = isWeighted ? WEIGHT : SPANS;
  const sources =
    range.function === "max_over_time"
      ? [LONGEST]
      : range.function === "avg_over_time"
        ? [DURATION, count]
        : range.function === "sum_over_time"
          ? [DURATION]
          : [count];
  for (const [group, values] of sums.groups.entries()) {
    const spans = sums.column(group, SPANS);
    if (spans.every((value) => Number.isNaN(value))) continue;
    const target = cells.group(values);
    for (const [column, source] of sources.entries()) {
      for (const [step, value] of sums.column(group, source).entries()) {
        cells.fold(target, column, step, value);
      }
    }
  }
  return true;
}

function isUnweighted(sums: Cells): boolean {
  return sums.groups.every((_, group) => {
    const weights = sums.column(group, WEIGHT);
    return sums
      .column(group, SPANS)
      .every((spans, step) => Number.isNaN(spans) || spans === weights[step]);
  });
}

function keysOf(by: readonly RollupColumn[]): string[] {
  return by.map((column, i) => `${columnKey(column).sql} AS g${i}`);
}

function groupsOf(by: readonly RollupColumn[]): string {
  return ["at", ...by.map((_, i) => `g${i}`)].join(", ");
}

function readGroup(cursor: RowCursor, by: readonly RollupColumn[]): TypedValue[] {
  return by.map((column) => columnKey(column).read(cursor));
}
