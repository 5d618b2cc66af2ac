// Whether a metrics query can be answered from the rollups, and which part of its range. They know service,
// name, kind and status of the spans of each whole minute [m, m + 60 s), their number, and the sum and maximum
// of their durations. A minute is read from them when it lies whole in one bucket but for the instants at the
// buckets' edges, which are put right from the spans (rollup-cells.ts). What lies outside, and the last minutes
// of now, whose rollups may come a little later than the spans, is scanned.

import type { TimeRange } from "@clew/model";
import type { RangeAggregate } from "@clew/traceql";
import type { SecondsRange } from "../../read/rollup-source.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { type RollupColumn, rollupColumn, rollupCondition } from "./rollup-condition.ts";
import { filterSql, type SpanFilter, UNWRITABLE } from "./span-filter.ts";
import { type Steps, startsOf } from "./steps.ts";

const SECOND_NANO = 1_000_000_000n;
const MINUTE = 60;
const HOUR = 3600;
/** Rollups are in the store this many seconds after their spans at the latest. */
const LATE_SECONDS = 120;
/** Below this step the edges of the buckets are so many that a scan is as quick. */
const LEAST_STEP_SECONDS = 180;

export interface RollupPlan {
  /** SQL of the pipeline's filter; undefined when it holds for every span. */
  readonly condition: (parameters: SqlParameters) => string | undefined;
  /** Columns of by(), in its order. */
  readonly by: readonly RollupColumn[];
  /** Rows of operations are needed: the filter or by() speaks of names. */
  readonly needsNames: boolean;
  /** The minutes that are read from rollups. */
  readonly inside: SecondsRange;
  /** Whether buckets are hours, so that the rows of hours will do. */
  readonly isHourly: boolean;
  /** Starts that are scanned, half-open. */
  readonly outside: readonly TimeRange[];
}

/** Functions whose answer from rollups is the answer of a scan. */
export function isRollupFunction({ function: name, argument }: RangeAggregate): boolean {
  if (argument === undefined) return true;
  const isDuration =
    argument.kind === "intrinsic" && argument.name === "span:duration" && argument.owner === "self";
  return isDuration && name !== "min_over_time";
}

/** Undefined when the question asks for more than the rollups know. */
export function rollupPlan(
  filter: SpanFilter,
  range: RangeAggregate,
  steps: Steps,
  nowSeconds: number,
): RollupPlan | undefined {
  if (!isRollupFunction(range)) return undefined;
  const by = range.by.map(rollupColumn);
  const used = new Set<RollupColumn>();
  const condition = (parameters: SqlParameters): ReturnType<typeof filterSql> =>
    filterSql(filter, (one) => rollupCondition(one, parameters, used));
  const isWritable = condition(new SqlParameters()) !== UNWRITABLE;
  const inside = insideOf(steps, nowSeconds);
  if (!isWritable || inside === undefined || by.includes(undefined)) return undefined;
  const columns = by.filter((column) => column !== undefined);
  return {
    condition: (parameters) => {
      const sql = condition(parameters);
      return typeof sql === "string" ? sql : undefined;
    },
    by: columns,
    needsNames: used.has("name") || columns.includes("name"),
    inside,
    isHourly:
      !steps.isInstant &&
      Number(steps.stepNano / SECOND_NANO) % HOUR === 0 &&
      inside.to % HOUR === 0,
    outside: outsideOf(steps, inside),
  };
}

/** The whole minutes of a range that rollups can answer for; undefined when they are not most of it. */
function insideOf(steps: Steps, nowSeconds: number): SecondsRange | undefined {
  const { startNano, endNano, stepNano, isInstant } = steps;
  const step = Number(stepNano / SECOND_NANO);
  if (!isInstant) {
    const isWhole = stepNano % (BigInt(MINUTE) * SECOND_NANO) === 0n;
    if (!isWhole || step < LEAST_STEP_SECONDS) return undefined;
  }
  const settled = Math.floor((nowSeconds - LATE_SECONDS) / MINUTE) * MINUTE;
  const from = Math.ceil(secondsUp(startNano) / MINUTE) * MINUTE;
  const last = Math.floor(Number(endNano / SECOND_NANO) / MINUTE) * MINUTE;
  const to =
    isHours(step) && !isInstant ? hourFloor(Math.min(last, settled)) : Math.min(last, settled);
  const length = Number((endNano - startNano) / SECOND_NANO);
  return to - from >= Math.max(MINUTE, length / 2) ? { from, to } : undefined;
}

function isHours(step: number): boolean {
  return step % HOUR === 0;
}

function hourFloor(seconds: number): number {
  return Math.floor(seconds / HOUR) * HOUR;
}

function secondsUp(nano: bigint): number {
  return Number((nano + SECOND_NANO - 1n) / SECOND_NANO);
}

function outsideOf(steps: Steps, inside: SecondsRange): TimeRange[] {
  const { startNano, endNano } = startsOf(steps);
  const from = BigInt(inside.from) * SECOND_NANO;
  const to = BigInt(inside.to) * SECOND_NANO;
  return [
    { startNano, endNano: from },
    { startNano: to, endNano },
  ].filter((part) => part.endNano > part.startNano);
}
