// What the builder can say: conditions joined by &&, at most one structural relation, one measure. Every
// builder is a query; a query is a builder when it has this form.

import type { ComparisonOperator } from "@clew/traceql";
import type { Literal } from "./filter-text.ts";

export type BuilderOperator = ComparisonOperator | "exists" | "missing";

export interface Condition {
  /** A reference as TraceQL writes it: `span.http.route`, `duration`. */
  readonly field: string;
  readonly operator: BuilderOperator;
  /** Absent for `exists` and `missing`. */
  readonly value?: Literal;
}

export const relations = [">", ">>", "<", "<<", "~", "!>", "!>>"] as const;
export type Relation = (typeof relations)[number];

/** Functions over a field and time. */
export const fieldFunctions = ["avg", "min", "max", "sum"] as const;
export type FieldFunction = (typeof fieldFunctions)[number];

export type Measure =
  | { readonly kind: "traces"; readonly select: readonly string[] }
  | { readonly kind: "rate" | "count"; readonly by: readonly string[]; readonly top?: number }
  | {
      readonly kind: "quantile";
      readonly of: string;
      /** 0..1, at least one. */
      readonly quantiles: readonly number[];
      readonly by: readonly string[];
      readonly top?: number;
    }
  | {
      readonly kind: FieldFunction;
      readonly of: string;
      readonly by: readonly string[];
      readonly top?: number;
    }
  | { readonly kind: "heat"; readonly of: string; readonly by: readonly string[] };

export interface Builder {
  readonly spans: readonly Condition[];
  /** What the spans of `spans` stand in relation to. The right-hand side is what is found. */
  readonly structure?: { readonly relation: Relation; readonly spans: readonly Condition[] };
  readonly measure: Measure;
}

export const emptyBuilder: Builder = { spans: [], measure: { kind: "traces", select: [] } };
