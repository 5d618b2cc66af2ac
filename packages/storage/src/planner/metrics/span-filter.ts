// The part of a metrics query's pipeline that chooses spans, where it looks at each span alone: filters one
// after another, and filters joined by `||` (a union within a trace is a union of all). Filters stay apart
// because each decides on its own whether its conditions on events speak of one event.

import type { FieldExpression, Pipeline, SpansetExpression, Stage } from "@clew/traceql";
import { isSpanLocal } from "../field-sql.ts";

export type SpanFilter =
  | { readonly kind: "condition"; readonly condition: FieldExpression }
  | { readonly kind: "all" | "any"; readonly of: readonly SpanFilter[] };

type Rewrite = (condition: FieldExpression) => FieldExpression;

/**
 * Undefined for pipelines that need whole traces: structure, `&&` between filters, aggregates, parents.
 * `rewrite` may say a condition in other words first.
 */
export function spanFilterOf(
  { stages }: Pipeline,
  rewrite: Rewrite = (condition) => condition,
): SpanFilter | undefined {
  const filters: SpanFilter[] = [];
  for (const stage of stages) {
    // They arrange spans into sets or show more of them; all spans stay.
    if (stage.kind === "by" || stage.kind === "coalesce" || stage.kind === "select") continue;
    const filter = stageFilter(stage, rewrite);
    if (filter === undefined) return undefined;
    filters.push(filter);
  }
  return { kind: "all", of: filters };
}

function stageFilter(stage: Stage | SpansetExpression, rewrite: Rewrite): SpanFilter | undefined {
  switch (stage.kind) {
    case "filter": {
      const condition = rewrite(stage.condition);
      return isSpanLocal(condition) ? { kind: "condition", condition } : undefined;
    }
    case "nested":
      return spanFilterOf(stage.pipeline, rewrite);
    case "spansets": {
      if (stage.operator !== "||") return undefined;
      const [left, right] = [stageFilter(stage.left, rewrite), stageFilter(stage.right, rewrite)];
      return left === undefined || right === undefined
        ? undefined
        : { kind: "any", of: [left, right] };
    }
    default:
      return undefined;
  }
}

export function conditionsOf(filter: SpanFilter): readonly FieldExpression[] {
  return filter.kind === "condition" ? [filter.condition] : filter.of.flatMap(conditionsOf);
}

/**
 * SQL of a filter from the SQL of its conditions; undefined when it holds for every span.
 * `condition` gives undefined for one that it cannot write; then the whole is `"unwritable"`.
 */
export function filterSql(
  filter: SpanFilter,
  condition: (expression: FieldExpression) => string | undefined,
): string | undefined | typeof UNWRITABLE {
  if (filter.kind === "condition") {
    return isTrue(filter.condition) ? undefined : (condition(filter.condition) ?? UNWRITABLE);
  }
  const parts = filter.of.map((part) => filterSql(part, condition));
  if (parts.includes(UNWRITABLE)) return UNWRITABLE;
  if (filter.kind === "any") {
    return parts.includes(undefined) ? undefined : `(${parts.join(" OR ")})`;
  }
  const needed = parts.filter((part) => part !== undefined);
  return needed.length === 0 ? undefined : needed.join(" AND ");
}

export const UNWRITABLE: unique symbol = Symbol("a condition that cannot be written");

function isTrue(expression: FieldExpression): boolean {
  return expression.kind === "static" && expression.type === "bool" && expression.value;
}
