// A search as TraceQL, and values that a person types as literals.

import type { AttributeFilter, SpanFilter } from "@clew/model";
import {
  attributeText,
  filterQueryText,
  type Literal,
  literalText,
  quoted,
} from "./filter-text.ts";

/** A duration in nanoseconds as TraceQL writes it: `1m30s`, `250ms`. */
export function durationText(nano: number): string {
  const units = [
    ["h", 3_600e9],
    ["m", 60e9],
    ["s", 1e9],
    ["ms", 1e6],
    ["us", 1e3],
    ["ns", 1],
  ] as const;
  let rest = Math.max(0, Math.round(nano));
  if (rest === 0) return "0s";
  let text = "";
  for (const [unit, size] of units) {
    if (rest >= size) text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text;
}

/** The filter of a text as search means it: what reads as a number or a bool is one. */
export function literalOf(value: string): Literal {
  if (/^-?\d{1,18}$/.test(value)) return { type: "int", text: String(BigInt(value)) };
  if (/^-?\d{1,15}\.\d{1,15}$/.test(value)) return { type: "float", text: value };
  if (value === "true" || value === "false") return { type: "bool", text: value };
  return { type: "string", text: value };
}

function attributeCondition({ scope, key, operator, value = "" }: AttributeFilter): string {
  const field = attributeText(scope, key);
  if (operator === "exists") return `${field} != nil`;
  // Patterns of a search match anywhere, those of TraceQL the whole value.
  if (operator === "regex") return `${field} =~ ${quoted(`.*(?:${value}).*`)}`;
  return `${field} ${operator} ${literalText(literalOf(value))}`;
}

/** A search as TraceQL. */
export function queryOfFilter(filter: SpanFilter): string {
  const { service, operation, kind, status, minDurationNano, maxDurationNano } = filter;
  return filterQueryText([
    ...(service === undefined ? [] : [`resource.service.name = ${quoted(service)}`]),
    ...(operation === undefined ? [] : [`name = ${quoted(operation)}`]),
    ...(kind === undefined ? [] : [`kind = ${kind}`]),
    ...(status === undefined ? [] : [`status = ${status}`]),
    ...(minDurationNano === undefined ? [] : [`duration >= ${durationText(minDurationNano)}`]),
    ...(maxDurationNano === undefined ? [] : [`duration <= ${durationText(maxDurationNano)}`]),
    ...filter.attributes.map(attributeCondition),
  ]);
}
