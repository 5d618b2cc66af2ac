// What the condition of a filter needs of a span and of its trace: see needs.ts.

import type { FieldExpression, SpansetFilter, Static } from "@clew/traceql";
import { fold } from "../field-fold.ts";
import { flatten, holdsWithoutSpan, isPureConjunction, mustSplit } from "./compile-field.ts";
import { asSelf, computedOf, homeOf } from "./field-home.ts";
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

/** Both may let through too much, never too little. */
export interface PipelineNeeds {
  readonly result: SpanFormula;
  readonly need: TraceNeed;
}

/** Each operator with its sides exchanged. */
export const FLIPPED: Readonly<Record<OrderOperator, OrderOperator>> = {
  "=": "=",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

/** What `{ condition }` needs. */
export function filterNeeds(filter: SpansetFilter, leaves: Leaves): PipelineNeeds {
  const condition = fold(filter.condition);
  const result = spanFormula(condition, leaves);
  return { result, need: allNeeds([exists(result), fieldNeed(condition, leaves)]) };
}

/** What the span itself must meet. */
function spanFormula(
  condition: FieldExpression,
  leaves: Leaves,
  isPure: boolean = isPureConjunction(condition),
): SpanFormula {
  const home = homeOf(condition);
  const isSplit = mustSplit(condition, isPure);
  if (home === "self" && !isSplit)
    return { kind: "condition", number: leaves.condition(condition) };
  if ((home !== "several" && !isSplit) || condition.kind !== "binary") return EVERY_SPAN;
  const { operator } = condition;
  if (operator !== "&&" && operator !== "||") return EVERY_SPAN;
  const parts: FieldExpression[] = [];
  flatten(condition, operator, parts);
  const formulas = parts.map((part) => spanFormula(part, leaves, isPure));
  return operator === "&&" ? allSpans(formulas) : anySpan(formulas);
}

/** What the trace must have for the condition to hold on some span. */
function fieldNeed(
  condition: FieldExpression,
  leaves: Leaves,
  isPure: boolean = isPureConjunction(condition),
): TraceNeed {
  if (mustSplit(condition, isPure)) return severalNeed(condition, leaves, isPure);
  switch (homeOf(condition)) {
    case "anyone":
      return ALWAYS;
    case "self":
      return exists({ kind: "condition", number: leaves.condition(condition) });
    case "parent":
      if (holdsWithoutSpan(condition)) return ALWAYS;
      return exists({ kind: "condition", number: leaves.condition(asSelf(condition)) });
    case "root": {
      if (holdsWithoutSpan(condition)) return ALWAYS;
      const number = leaves.condition(asSelf(condition));
      return exists(allSpans([{ kind: "isRoot" }, { kind: "condition", number }]));
    }
    case "several":
      return severalNeed(condition, leaves, isPure);
  }
}

function severalNeed(condition: FieldExpression, leaves: Leaves, isPure: boolean): TraceNeed {
  if (condition.kind !== "binary") return ALWAYS;
  const { operator, left, right } = condition;
  if (operator === "&&" || operator === "||") {
    const parts: FieldExpression[] = [];
    flatten(condition, operator, parts);
    const needs = parts.map((part) => fieldNeed(part, leaves, isPure));
    return operator === "&&" ? allNeeds(needs) : anyNeed(needs);
  }
  if (!isOrder(operator)) return ALWAYS;
  if (isTraceDuration(left)) return durationNeed(operator, right);
  return isTraceDuration(right) ? durationNeed(FLIPPED[operator], left) : ALWAYS;
}

function isTraceDuration(expression: FieldExpression): boolean {
  return expression.kind === "intrinsic" && computedOf(expression) === "trace:duration";
}

function durationNeed(operator: OrderOperator, bound: FieldExpression): TraceNeed {
  const value = bound.kind === "static" ? numberOfStatic(bound) : undefined;
  if (value === undefined) return ALWAYS;
  return { kind: "index", measure: "duration", operator, value };
}

function isOrder(operator: string): operator is OrderOperator {
  return operator in FLIPPED;
}

/** int, float or duration. */
export function numberOfStatic(node: Static): bigint | number | undefined {
  return node.type === "int" || node.type === "float" || node.type === "duration"
    ? node.value
    : undefined;
}
