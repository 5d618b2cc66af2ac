// The words of TraceQL: intrinsics with their types and older names, scopes, functions, literals.

import {
  type SpanKindName,
  type StatusCodeName,
  spanKindNames,
  statusCodeNames,
} from "@clew/model";
import type { AggregateFunction, AttributeScope, IntrinsicName, RangeFunction } from "./ast.ts";

/** Type of an expression as far as the text tells; `unknown` for attributes. */
export type ExpressionType =
  | "unknown"
  | "nil"
  | "string"
  | "int"
  | "float"
  | "bool"
  | "duration"
  | "status"
  | "kind";

/** Type of every intrinsic. */
export const intrinsicTypes: Readonly<Record<IntrinsicName, ExpressionType>> = {
  "span:duration": "duration",
  "span:name": "string",
  "span:kind": "kind",
  "span:status": "status",
  "span:statusMessage": "string",
  "span:id": "string",
  "span:parentID": "string",
  "span:childCount": "int",
  "trace:duration": "duration",
  "trace:rootName": "string",
  "trace:rootService": "string",
  "trace:id": "string",
  "event:name": "string",
  "event:timeSinceStart": "duration",
  "link:traceID": "string",
  "link:spanID": "string",
  "instrumentation:name": "string",
  "instrumentation:version": "string",
  nestedSetLeft: "int",
  nestedSetRight: "int",
  nestedSetParent: "int",
};

export const intrinsicNames: readonly IntrinsicName[] = Object.keys(
  intrinsicTypes,
) as IntrinsicName[];

/** Intrinsics that may be written without a scope. The list is closed: new ones have a scope. */
export const unscopedIntrinsics: ReadonlyMap<string, IntrinsicName> = new Map([
  ["duration", "span:duration"],
  ["name", "span:name"],
  ["kind", "span:kind"],
  ["status", "span:status"],
  ["statusMessage", "span:statusMessage"],
  ["traceDuration", "trace:duration"],
  ["rootName", "trace:rootName"],
  ["rootServiceName", "trace:rootService"],
  ["nestedSetLeft", "nestedSetLeft"],
  ["nestedSetRight", "nestedSetRight"],
  ["nestedSetParent", "nestedSetParent"],
]);

/** Words before `.`. */
export const attributeScopes: readonly Exclude<AttributeScope, "any">[] = [
  "span",
  "resource",
  "event",
  "link",
  "instrumentation",
];

/** Words before `:`. */
export const intrinsicScopes: readonly string[] = [
  "span",
  "trace",
  "event",
  "link",
  "instrumentation",
];

export const aggregateFunctions: readonly AggregateFunction[] = [
  "count",
  "min",
  "max",
  "avg",
  "sum",
];

export const rangeFunctions: readonly RangeFunction[] = [
  "rate",
  "count_over_time",
  "min_over_time",
  "max_over_time",
  "sum_over_time",
  "avg_over_time",
  "quantile_over_time",
  "histogram_over_time",
];

export const otherStageFunctions: readonly string[] = ["by", "coalesce", "select"];
export const secondStageFunctions: readonly string[] = ["topk", "bottomk"];

export const statusWords: ReadonlySet<string> = new Set<StatusCodeName>(statusCodeNames);
export const kindWords: ReadonlySet<string> = new Set<SpanKindName>(spanKindNames);
/** Words that are values by themselves. */
export const literalWords: readonly string[] = [
  "true",
  "false",
  "nil",
  "minInt",
  "maxInt",
  ...statusCodeNames,
  ...spanKindNames,
];

export const MIN_INT: bigint = -(2n ** 63n);
export const MAX_INT: bigint = 2n ** 63n - 1n;
