// What a well-formed query must also keep: types, aggregates over numbers, one spanset on each side of a
// structure, limits of grouping.

import type {
  Aggregate,
  FieldExpression,
  MetricsExpression,
  Pipeline,
  Query,
  RangeAggregate,
  ScalarExpression,
  ScalarFilter,
  SeriesExpression,
  SpansetBinary,
  SpansetExpression,
  Stage,
} from "../ast.ts";
import type { ExpressionType } from "../vocabulary.ts";
import {
  checkCondition,
  checkField,
  checkStatic,
  isNumericType,
  referenceType,
  typeNames,
} from "./check-field.ts";
import type { Fail } from "./fault.ts";

const MAX_GROUPS = 5;
/** Quantiles and histograms have a label of their own. */
const MAX_GROUPS_WITH_LABEL = 4;

/** Ends by `fail` when the query means nothing. */
export function checkQuery(query: Query, fail: Fail): void {
  for (const value of query.hints.values()) checkStatic(value, fail);
  if (query.kind === "spans") checkPipeline(query.pipeline, fail);
  else checkMetrics(query.expression, fail);
}

/** Whether its spansets are several per trace: grouped, and not merged since. */
function checkPipeline(pipeline: Pipeline, fail: Fail, grouped = false): boolean {
  let several = grouped;
  for (const stage of pipeline.stages) several = checkStage(stage, several, fail);
  return several;
}

function checkStage(stage: Stage, several: boolean, fail: Fail): boolean {
  switch (stage.kind) {
    case "by":
      checkField(stage.expression, fail);
      if (!looksAtSpan(stage.expression))
        fail(stage.expression.at, "by() takes something that differs between spans", {
          hint: "by(span.http.route)",
        });
      return true;
    case "coalesce":
      return false;
    case "select":
      return several;
    case "scalarFilter":
      checkScalarFilter(stage, fail);
      return several;
    default:
      return checkSpansets(stage, several, fail);
  }
}

function checkSpansets(node: SpansetExpression, several: boolean, fail: Fail): boolean {
  switch (node.kind) {
    case "filter":
      checkCondition(node.condition, fail);
      return several;
    case "without":
      checkSpansets(node.operand, several, fail);
      return several;
    case "nested":
      return checkPipeline(node.pipeline, fail, several);
    case "spansets":
      checkSpansetBinary(node, several, fail);
      return several;
  }
}

function checkSpansetBinary(node: SpansetBinary, several: boolean, fail: Fail): void {
  const structural = node.operator !== "&&" && node.operator !== "||";
  for (const side of [node.left, node.right]) {
    if (structural && side.kind === "without")
      fail(side.at, `${node.operator} relates spans, and !{ } stands for their absence`, {
        hint: "spans without such a relation are found by !> !>> !< !<< and !~",
      });
    if (checkSpansets(side, several, fail) && structural)
      fail(node.at, `${node.operator} cannot follow by(): it needs one set of spans per trace`, {
        hint: "coalesce() merges the groups again",
      });
  }
}

function checkScalarFilter(node: ScalarFilter, fail: Fail): void {
  const left = checkScalar(node.left, fail);
  const right = checkScalar(node.right, fail);
  for (const [side, type] of [
    [node.left, left],
    [node.right, right],
  ] as const) {
    if (!isNumericType(type))
      fail(side.at, `aggregates are compared with numbers, this is ${typeNames[type]}`);
  }
  if (!hasAggregate(node.left) && !hasAggregate(node.right))
    fail(node.at, "this compares constants", { hint: "compare an aggregate: count() > 1" });
}

function hasAggregate(node: ScalarExpression): boolean {
  if (node.kind === "scalars") return hasAggregate(node.left) || hasAggregate(node.right);
  return node.kind === "aggregate";
}

function checkScalar(node: ScalarExpression, fail: Fail): ExpressionType {
  if (node.kind === "static") return checkStatic(node, fail);
  if (node.kind === "aggregate") return checkAggregate(node, fail);
  for (const side of [node.left, node.right]) {
    const type = checkScalar(side, fail);
    if (!isNumericType(type))
      fail(side.at, `${node.operator} computes with numbers, this is ${typeNames[type]}`);
  }
  return "unknown";
}

function checkAggregate(node: Aggregate, fail: Fail): ExpressionType {
  if (node.of !== undefined) checkPipeline(node.of, fail);
  if (node.argument === undefined) return "int";
  const type = checkField(node.argument, fail);
  if (!isNumericType(type))
    fail(node.argument.at, `${node.function}() takes numbers, this is ${typeNames[type]}`);
  if (!looksAtSpan(node.argument))
    fail(node.argument.at, `${node.function}() takes something that differs between spans`, {
      hint: `${node.function}(duration)`,
    });
  return type;
}

function looksAtSpan(expression: FieldExpression): boolean {
  switch (expression.kind) {
    case "static":
      return false;
    case "unary":
      return looksAtSpan(expression.operand);
    case "binary":
      return looksAtSpan(expression.left) || looksAtSpan(expression.right);
    default:
      return true;
  }
}

function checkMetrics(node: MetricsExpression, fail: Fail): void {
  if (node.kind === "number") return;
  if (node.kind === "series") return checkSeries(node, fail);
  for (const side of [node.left, node.right]) {
    if (side.kind === "series" && side.function.kind === "compare")
      fail(side.at, "compare() cannot be computed with");
    checkMetrics(side, fail);
  }
}

function checkSeries(node: SeriesExpression, fail: Fail): void {
  checkPipeline(node.pipeline, fail);
  if (node.function.kind === "range") return checkRange(node.function, fail);
  checkCondition(node.function.selection.condition, fail);
  const [after] = node.then;
  if (after !== undefined) fail(after.at, "nothing may follow compare()");
}

function checkRange(node: RangeAggregate, fail: Fail): void {
  if (node.argument !== undefined) {
    const type = referenceType(node.argument);
    if (!isNumericType(type))
      fail(node.argument.at, `${node.function}() takes numbers, this is ${typeNames[type]}`, {
        hint: `${node.function}(duration)`,
      });
  }
  const labelled =
    node.function === "quantile_over_time" || node.function === "histogram_over_time";
  const most = labelled ? MAX_GROUPS_WITH_LABEL : MAX_GROUPS;
  const over = node.by[most];
  if (over !== undefined) fail(over.at, `${node.function}() groups by at most ${most} fields`);
}
