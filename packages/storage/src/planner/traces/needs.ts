// What a pipeline needs of a trace, as far as the engine can tell before traces are looked at one by one: the
// condition that every span of the result meets, and a condition on the trace. Both may let through too much,
// never too little.

import type {
  Aggregate,
  Pipeline,
  ScalarExpression,
  ScalarFilter,
  SpansetBinary,
  SpansetExpression,
  Stage,
  Static,
} from "@clew/traceql";
import { fold } from "../field-fold.ts";
import { homeOf } from "./field-home.ts";
import { FLIPPED, filterNeeds, numberOfStatic, type PipelineNeeds } from "./field-needs.ts";
import {
  ALWAYS,
  allNeeds,
  allSpans,
  anyNeed,
  anySpan,
  EVERY_SPAN,
  exists,
  type OrderOperator,
  type SpanFormula,
  type TraceNeed,
} from "./formulas.ts";
import type { Leaves } from "./leaves.ts";

interface Progress extends PipelineNeeds {
  /** Whether spansets are still the whole trace: one spanset, with every span. */
  readonly isWhole: boolean;
}

export function pipelineNeeds(pipeline: Pipeline, leaves: Leaves, isWhole = true): PipelineNeeds {
  return progressOf(pipeline, leaves, isWhole);
}

/** What holds for every span that the first stage of a pipeline finds. */
export function firstStageSpans({ stages }: Pipeline, leaves: Leaves): SpanFormula {
  const start = { result: EVERY_SPAN, need: ALWAYS, isWhole: true };
  return stages[0] === undefined ? EVERY_SPAN : afterStage(start, stages[0], leaves).result;
}

function progressOf({ stages }: Pipeline, leaves: Leaves, isWhole: boolean): Progress {
  let progress: Progress = { result: EVERY_SPAN, need: ALWAYS, isWhole };
  for (const stage of stages) progress = afterStage(progress, stage, leaves);
  return progress;
}

function afterStage(before: Progress, stage: Stage, leaves: Leaves): Progress {
  switch (stage.kind) {
    case "coalesce":
    case "select":
      return before;
    case "by":
      return { ...before, isWhole: false };
    case "scalarFilter": {
      const need = scalarNeed(stage, before, leaves);
      return { ...before, need: allNeeds([before.need, need]) };
    }
    default: {
      const found = expressionNeeds(stage, before.isWhole, leaves);
      const result = isAbsence(stage) ? EVERY_SPAN : allSpans([before.result, found.result]);
      const need = allNeeds([before.need, found.need, exists(result)]);
      return { result, need, isWhole: before.isWhole && takesAll(stage) };
    }
  }
}

/** Whether it can hold by what is not there alone, and then gives the trace's root whatever came before. */
function isAbsence(expression: SpansetExpression): boolean {
  if (expression.kind === "without") return true;
  if (expression.kind !== "spansets") return false;
  const { operator, left, right } = expression;
  if (operator === "&&") return isAbsence(left) && isAbsence(right);
  return operator === "||" && (isAbsence(left) || isAbsence(right));
}

/** `{ }`, which keeps every span. */
function takesAll(stage: Stage): boolean {
  if (stage.kind !== "filter") return false;
  const condition = fold(stage.condition);
  return condition.kind === "static" && condition.type === "bool" && condition.value;
}

function expressionNeeds(
  expression: SpansetExpression,
  isWhole: boolean,
  leaves: Leaves,
): PipelineNeeds {
  switch (expression.kind) {
    case "filter":
      return filterNeeds(expression, leaves);
    case "nested":
      return pipelineNeeds(expression.pipeline, leaves, isWhole);
    case "without":
      return { result: EVERY_SPAN, need: isWhole ? absence(expression.operand, leaves) : ALWAYS };
    case "spansets":
      return binaryNeeds(expression, isWhole, leaves);
  }
}

function absence(operand: SpansetExpression, leaves: Leaves): TraceNeed {
  if (operand.kind !== "filter" || homeOf(operand.condition) !== "self") return ALWAYS;
  return { kind: "absent", where: filterNeeds(operand, leaves).result };
}

function binaryNeeds(
  { operator, left, right }: SpansetBinary,
  isWhole: boolean,
  leaves: Leaves,
): PipelineNeeds {
  const a = expressionNeeds(left, isWhole, leaves);
  const b = expressionNeeds(right, isWhole, leaves);
  switch (operator) {
    case "||":
      return { result: anySpan([a.result, b.result]), need: anyNeed([a.need, b.need]) };
    case "&&": {
      const need = allNeeds([a.need, b.need]);
      // `!{ ... }` adds no spans.
      if (left.kind === "without" && !isAbsence(right)) return { result: b.result, need };
      if (right.kind === "without" && !isAbsence(left)) return { result: a.result, need };
      return { result: anySpan([a.result, b.result]), need };
    }
    default: {
      if (operator.startsWith("!")) return b;
      const need = allNeeds([a.need, b.need]);
      const result = operator.startsWith("&") ? anySpan([a.result, b.result]) : b.result;
      return { result, need };
    }
  }
}

/** Aggregates compared with a constant, and counts of one pipeline that must pass those of another. */
function scalarNeed(
  { left, operator, right }: ScalarFilter,
  before: Progress,
  leaves: Leaves,
): TraceNeed {
  if (left.kind === "aggregate" && right.kind === "static")
    return aggregateNeed(left, operator, right, before, leaves);
  if (right.kind === "aggregate" && left.kind === "static")
    return aggregateNeed(right, FLIPPED[operator], left, before, leaves);
  if (operator === ">" && isCount(left) && isCount(right)) return countNeed(left, before, leaves);
  if (operator === "<" && isCount(left) && isCount(right)) return countNeed(right, before, leaves);
  return ALWAYS;
}

function isCount(expression: ScalarExpression): expression is Aggregate {
  return expression.kind === "aggregate" && expression.function === "count";
}

function countNeed(aggregate: Aggregate, before: Progress, leaves: Leaves): TraceNeed {
  return exists(aggregatedOver(aggregate, before, leaves).result);
}

function aggregatedOver(aggregate: Aggregate, before: Progress, leaves: Leaves): Progress {
  if (aggregate.of === undefined) return before;
  return progressOf(aggregate.of, leaves, true);
}

function aggregateNeed(
  aggregate: Aggregate,
  operator: OrderOperator,
  bound: Static,
  before: Progress,
  leaves: Leaves,
): TraceNeed {
  const value = numberOfStatic(bound);
  if (value === undefined) return ALWAYS;
  const over = aggregatedOver(aggregate, before, leaves);
  if (aggregate.function === "count") return countedNeed(operator, value, over);
  const { argument } = aggregate;
  if (argument === undefined || homeOf(argument) !== "self") return exists(over.result);
  const one = provenBy(aggregate, operator, Number(value));
  if (one === undefined) return exists(over.result);
  const at = argument.at;
  const right: Static = one.zero ? { kind: "static", type: "int", value: 0n, at } : bound;
  const number = leaves.condition(
    fold({ kind: "binary", operator: one.operator, left: argument, right, at }),
  );
  return exists(allSpans([over.result, { kind: "condition", number }]));
}

/** The comparison that some span's value must meet for the aggregate to meet its own. */
function provenBy(
  { function: name, argument }: Aggregate,
  operator: OrderOperator,
  value: number,
): { operator: OrderOperator; zero: boolean } | undefined {
  const isUp = operator === ">" || operator === ">=";
  const isDown = operator === "<" || operator === "<=";
  switch (name) {
    case "max":
      return isUp || operator === "=" ? { operator, zero: false } : undefined;
    case "min":
      return isDown || operator === "=" ? { operator, zero: false } : undefined;
    case "sum":
      return isUp && value >= 0 ? { operator: value > 0 ? ">" : operator, zero: true } : undefined;
    case "avg":
      // Averages of floats may be rounded past all of their values; durations are whole.
      if (argument?.kind !== "intrinsic" || argument.name !== "span:duration") return undefined;
      return isUp || isDown ? { operator, zero: false } : undefined;
    default:
      return undefined;
  }
}

function countedNeed(
  operator: OrderOperator,
  value: bigint | number,
  { result, isWhole }: Progress,
): TraceNeed {
  if (result.kind === "every" && isWhole)
    return { kind: "index", measure: "spans", operator, value };
  if (operator !== ">" && operator !== ">=" && operator !== "=") return ALWAYS;
  const least =
    Math.ceil(Number(value)) + (operator === ">" && Number.isInteger(Number(value)) ? 1 : 0);
  if (!(least >= 1)) return ALWAYS;
  if (result.kind === "every")
    return { kind: "index", measure: "spans", operator: ">=", value: least };
  return { kind: "exists", where: result, atLeast: least };
}
