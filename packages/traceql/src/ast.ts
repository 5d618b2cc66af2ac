// The syntax tree of TraceQL: what the parser makes, the checker has approved, the printer writes back and
// the planner turns into SQL. Plain data, each node with the place in the text that it came from.

import type { SpanKindName, StatusCodeName } from "@clew/model";

/** Half-open range of UTF-16 offsets in the query text. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

interface Node {
  readonly at: Place;
}

/** A literal. Integers are 64-bit, durations are nanoseconds. */
export type Static = Node & { readonly kind: "static" } & (
    | { readonly type: "nil" }
    | { readonly type: "string"; readonly value: string }
    | { readonly type: "int"; readonly value: bigint }
    | { readonly type: "float"; readonly value: number }
    | { readonly type: "bool"; readonly value: boolean }
    | { readonly type: "duration"; readonly value: bigint }
    | { readonly type: "status"; readonly value: StatusCodeName }
    | { readonly type: "kind"; readonly value: SpanKindName }
  );

export type AttributeScope = "any" | "span" | "resource" | "event" | "link" | "instrumentation";

/** Whose attribute: the span's own, its parent span's, or that of its trace's root span. The last two are Clew's. */
export type Owner = "self" | "parent" | "root";

/** `.x`, `span.x`, `resource.x`, `parent.span.x`, `root.resource.x` ... */
export interface Attribute extends Node {
  readonly kind: "attribute";
  readonly owner: Owner;
  readonly scope: AttributeScope;
  /** Key without quotes and escapes. */
  readonly name: string;
  /** As the user wrote it: the label of metrics that are grouped by it. */
  readonly text: string;
}

/** Canonical names; older unscoped spellings (`duration`, `rootName` ...) are read into these. */
export type IntrinsicName =
  | "span:duration"
  | "span:name"
  | "span:kind"
  | "span:status"
  | "span:statusMessage"
  | "span:id"
  | "span:parentID"
  | "span:childCount"
  | "trace:duration"
  | "trace:rootName"
  | "trace:rootService"
  | "trace:id"
  | "event:name"
  | "event:timeSinceStart"
  | "link:traceID"
  | "link:spanID"
  | "instrumentation:name"
  | "instrumentation:version"
  | "nestedSetLeft"
  | "nestedSetRight"
  | "nestedSetParent";

/** `duration`, `span:name`, `parent.duration` (owner parent) ... */
export interface Intrinsic extends Node {
  readonly kind: "intrinsic";
  readonly owner: Owner;
  readonly name: IntrinsicName;
  /** As the user wrote it. */
  readonly text: string;
}

export type FieldReference = Attribute | Intrinsic;

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^";
export type ComparisonOperator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~";
export type LogicalOperator = "&&" | "||";

export interface FieldBinary extends Node {
  readonly kind: "binary";
  readonly operator: ArithmeticOperator | ComparisonOperator | LogicalOperator;
  readonly left: FieldExpression;
  readonly right: FieldExpression;
}

export interface FieldUnary extends Node {
  readonly kind: "unary";
  readonly operator: "-" | "!";
  readonly operand: FieldExpression;
}

/** A value computed from one span. Negative literals are folded into `Static`. */
export type FieldExpression = Static | FieldReference | FieldBinary | FieldUnary;

export type StructuralRelation = ">" | ">>" | "<" | "<<" | "~";
/** Each structural relation plain, negated (`!>`) and as a union of both sides (`&>`). */
export type SpansetOperator =
  | "&&"
  | "||"
  | StructuralRelation
  | `!${StructuralRelation}`
  | `&${StructuralRelation}`;

/** `{ condition }`; an empty filter has the condition `true`. */
export interface SpansetFilter extends Node {
  readonly kind: "filter";
  readonly condition: FieldExpression;
}

export interface SpansetBinary extends Node {
  readonly kind: "spansets";
  readonly operator: SpansetOperator;
  readonly left: SpansetExpression;
  readonly right: SpansetExpression;
}

/**
 * `!{ ... }`, Clew's: holds for traces in which the operand finds nothing. Beside `&&` it adds no spans;
 * alone it gives the trace's root span (its earliest where there is none).
 */
export interface SpansetNot extends Node {
  readonly kind: "without";
  readonly operand: SpansetExpression;
}

/** A pipeline in parentheses as an operand: `({a} | count() > 2) && {b}`. */
export interface NestedPipeline extends Node {
  readonly kind: "nested";
  readonly pipeline: Pipeline;
}

export type SpansetExpression = SpansetFilter | SpansetBinary | SpansetNot | NestedPipeline;

export type AggregateFunction = "count" | "min" | "max" | "avg" | "sum";

/**
 * `count()`, `avg(duration)`. With `of`, Clew's aggregate over another pipeline of the same trace:
 * `({.a} | count()) > ({.b} | count())`.
 */
export interface Aggregate extends Node {
  readonly kind: "aggregate";
  readonly function: AggregateFunction;
  /** Absent for `count()`. */
  readonly argument?: FieldExpression;
  readonly of?: Pipeline;
}

export interface ScalarBinary extends Node {
  readonly kind: "scalars";
  readonly operator: ArithmeticOperator;
  readonly left: ScalarExpression;
  readonly right: ScalarExpression;
}

export type ScalarExpression = Aggregate | Static | ScalarBinary;

export interface ScalarFilter extends Node {
  readonly kind: "scalarFilter";
  readonly operator: Exclude<ComparisonOperator, "=~" | "!~">;
  readonly left: ScalarExpression;
  readonly right: ScalarExpression;
}

export interface GroupBy extends Node {
  readonly kind: "by";
  readonly expression: FieldExpression;
  /** As the user wrote it, for the spanset attribute `by(...)`. */
  readonly text: string;
}

export interface Coalesce extends Node {
  readonly kind: "coalesce";
}

export interface Select extends Node {
  readonly kind: "select";
  readonly fields: readonly FieldReference[];
}

export type Stage = SpansetExpression | ScalarFilter | GroupBy | Coalesce | Select;

/** At least one stage. */
export interface Pipeline extends Node {
  readonly kind: "pipeline";
  readonly stages: readonly Stage[];
}

/** `name=value` pairs of `with(...)`; the last of a name counts. */
export type Hints = ReadonlyMap<string, Static>;

export interface SpansQuery extends Node {
  readonly kind: "spans";
  readonly pipeline: Pipeline;
  readonly hints: Hints;
}

export type RangeFunction =
  | "rate"
  | "count_over_time"
  | "min_over_time"
  | "max_over_time"
  | "sum_over_time"
  | "avg_over_time"
  | "quantile_over_time"
  | "histogram_over_time";

export interface RangeAggregate extends Node {
  readonly kind: "range";
  readonly function: RangeFunction;
  /** The value that is aggregated; absent for rate and count_over_time. */
  readonly argument?: FieldReference;
  /** 0..1, for quantile_over_time. */
  readonly quantiles: readonly number[];
  readonly by: readonly FieldReference[];
}

export interface Compare extends Node {
  readonly kind: "compare";
  readonly selection: SpansetFilter;
  /** Values shown of each attribute; 10 unless given. */
  readonly top: number;
  /** Nanoseconds since 1970 inside which a span must start to be of the selection. */
  readonly window?: { readonly start: bigint; readonly end: bigint };
}

/** `pipeline | rate() by(...)`. */
export interface SeriesExpression extends Node {
  readonly kind: "series";
  readonly pipeline: Pipeline;
  readonly function: RangeAggregate | Compare;
  /** Second stages inside the same parentheses, left to right. */
  readonly then: readonly SecondStage[];
}

export type SecondStage =
  | (Node & { readonly kind: "topk" | "bottomk"; readonly count: number })
  | (Node & {
      readonly kind: "threshold";
      readonly operator: Exclude<ComparisonOperator, "=~" | "!~">;
      /** Durations are seconds here. */
      readonly value: number;
    });

export interface MetricsBinary extends Node {
  readonly kind: "arithmetic";
  readonly operator: "+" | "-" | "*" | "/";
  readonly left: MetricsExpression;
  readonly right: MetricsExpression;
  readonly then: readonly SecondStage[];
}

export interface MetricsNumber extends Node {
  readonly kind: "number";
  readonly value: number;
}

export type MetricsExpression = SeriesExpression | MetricsBinary | MetricsNumber;

export interface MetricsQuery extends Node {
  readonly kind: "metrics";
  readonly expression: MetricsExpression;
  readonly hints: Hints;
}

export type Query = SpansQuery | MetricsQuery;
