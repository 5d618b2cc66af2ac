// Field expressions of TraceQL as SQL over table `spans`, with the language's rules: a mismatch of types is
// false for every operator, a missing attribute is nil, arrays match by any element. The one place that knows
// where a value lies (promoted column, typed map, resource, scope, event, link); search, metrics and tag values
// all build on it.

import type { FieldExpression, FieldReference } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import type { ReadContext } from "../read/read-context.ts";
import type { SqlParameters } from "../read/sql-parameters.ts";

/** What must be known of the store before expressions can be written: resources, scopes and types of keys. */
export interface FieldCompiler {
  /** SQL of type UInt8, never NULL: whether the condition holds for a row of `spans`. Only owner `self`, no trace-level intrinsics. */
  condition(expression: FieldExpression, parameters: SqlParameters): string;
  /** SQL of type Nullable(Float64): the number, NULL where there is none. Durations in nanoseconds. */
  number(expression: FieldExpression, parameters: SqlParameters): string;
  /** SQL of type Tuple(type String, text String): the value with its TraceQL type, ('nil', '') where there is none. */
  typed(field: FieldReference, parameters: SqlParameters): string;
}

/**
 * Asks the store once for everything that the expressions need.
 * @throws ClewError `bad_request` for an expression that needs more than one span.
 */
export async function prepareFields(
  engine: Engine,
  tenant: string,
  expressions: readonly FieldExpression[],
  context: ReadContext,
): Promise<FieldCompiler> {
  throw new Error(`not yet: ${engine.kind} ${tenant} ${expressions.length} ${context}`);
}

/** Whether an expression looks at one span alone: no parent, root, trace-level or nested-set reference. */
export function isSpanLocal(expression: FieldExpression): boolean {
  throw new Error(`not yet: ${expression.kind}`);
}
