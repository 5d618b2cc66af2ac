// A builder as query text.

import type { Builder, Condition, Measure } from "./builder-model.ts";
import { filterQueryText, literalText } from "./filter-text.ts";

export function printBuilder({ spans, structure, measure }: Builder): string {
  const right = structure === undefined ? "" : ` ${structure.relation} ${filter(structure.spans)}`;
  return `${filter(spans)}${right}${printMeasure(measure)}`;
}

function filter(conditions: readonly Condition[]): string {
  return filterQueryText(conditions.map(printCondition));
}

export function printCondition({ field, operator, value }: Condition): string {
  if (operator === "exists") return `${field} != nil`;
  if (operator === "missing") return `${field} = nil`;
  return `${field} ${operator} ${value === undefined ? "nil" : literalText(value)}`;
}

function printMeasure(measure: Measure): string {
  if (measure.kind === "traces")
    return measure.select.length === 0 ? "" : ` | select(${measure.select.join(", ")})`;
  const by = measure.by.length === 0 ? "" : ` by(${measure.by.join(", ")})`;
  const top = "top" in measure && measure.top !== undefined ? ` | topk(${measure.top})` : "";
  return ` | ${call(measure)}${by}${top}`;
}

function call(measure: Exclude<Measure, { kind: "traces" }>): string {
  switch (measure.kind) {
    case "rate":
      return "rate()";
    case "count":
      return "count_over_time()";
    case "quantile":
      return `quantile_over_time(${[measure.of, ...measure.quantiles.map(String)].join(", ")})`;
    case "heat":
      return `histogram_over_time(${measure.of})`;
    default:
      return `${measure.kind}_over_time(${measure.of})`;
  }
}
