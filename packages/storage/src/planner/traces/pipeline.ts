// Pipelines of TraceQL as functions over one trace: spansets in, spansets out. A spanset that holds nothing is
// dropped at once.

import type {
  Pipeline,
  SpansetBinary,
  SpansetExpression,
  SpansetOperator,
  Stage,
  StructuralRelation,
} from "@clew/traceql";
import { fold } from "../field-fold.ts";
import { compileTerm, compileTest } from "./compile-field.ts";
import type { Leaves } from "./leaves.ts";
import { compileScalarFilter } from "./scalars.ts";
import { type CompiledPipeline, rowsOf, type Spanset } from "./spanset.ts";
import { type Rows, related, relatedBothWays, union, unrelated } from "./structural.ts";
import type { TraceView } from "./trace-view.ts";
import { type Value, valueKey } from "./values.ts";

type CompiledStage = (trace: TraceView, spansets: readonly Spanset[]) => readonly Spanset[];

/**
 * Rows that an expression finds among those given; undefined where it does not hold. Without rows it holds by
 * what is not there (`!{ ... }`).
 */
type CompiledExpression = (trace: TraceView, rows: Rows) => Rows | undefined;

/** `pipeline` as the checker has approved it. @throws ClewError `bad_request` for one with too many conditions. */
export function compilePipeline(pipeline: Pipeline, leaves: Leaves): CompiledPipeline {
  if (!isSpansetExpression(pipeline.stages[0])) leaves.needsAllSpans = true;
  const stages = pipeline.stages.map((stage) => compileStage(stage, leaves));
  return (trace, given) => {
    let spansets: readonly Spanset[] = given.rows.length === 0 ? [] : [given];
    for (const stage of stages) {
      if (spansets.length === 0) break;
      spansets = stage(trace, spansets);
    }
    return spansets;
  };
}

function isSpansetExpression(stage: Stage | undefined): stage is SpansetExpression {
  const kind = stage?.kind;
  return kind === "filter" || kind === "spansets" || kind === "without" || kind === "nested";
}

function compileStage(stage: Stage, leaves: Leaves): CompiledStage {
  switch (stage.kind) {
    case "scalarFilter":
      return compileScalarFilter(stage, leaves, compilePipeline);
    case "by":
      return compileGroups(compileTerm(fold(stage.expression), leaves), `by(${stage.text})`);
    case "coalesce":
      return (_, spansets) => [{ rows: rowsOf(spansets), values: [] }];
    case "select":
      return (_, spansets) => spansets;
    case "nested": {
      const run = compilePipeline(stage.pipeline, leaves);
      return (trace, spansets) => spansets.flatMap((spanset) => run(trace, spanset));
    }
    default: {
      const find = compileExpression(stage, leaves);
      return (trace, spansets) =>
        spansets.flatMap(({ rows, values }) => {
          const found = find(trace, rows);
          return found === undefined ? [] : [{ rows: grounded(trace, found), values }];
        });
    }
  }
}

function compileGroups(term: ReturnType<typeof compileTerm>, name: string): CompiledStage {
  return (trace, spansets) =>
    spansets.flatMap(({ rows, values }) => {
      const groups = new Map<string, { value: Value; rows: number[] }>();
      for (const row of rows) {
        const value = term(trace, row);
        const key = valueKey(value);
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { value, rows: [row] });
        else group.rows.push(row);
      }
      return [...groups.values()].map((group) => ({
        rows: group.rows,
        values: [...values, { name, value: group.value }],
      }));
    });
}

function compileExpression(expression: SpansetExpression, leaves: Leaves): CompiledExpression {
  switch (expression.kind) {
    case "filter": {
      const holds = compileTest(fold(expression.condition), leaves);
      return (trace, rows) => orNone(rows.filter((row) => holds(trace, row)));
    }
    case "without": {
      leaves.needsAllSpans = true;
      const find = compileExpression(expression.operand, leaves);
      return (trace, rows) => (find(trace, rows) === undefined ? [] : undefined);
    }
    case "nested": {
      const run = compilePipeline(expression.pipeline, leaves);
      return (trace, rows) => orNone(rowsOf(run(trace, { rows, values: [] })));
    }
    case "spansets":
      return compileBinary(expression, leaves);
  }
}

function compileBinary(expression: SpansetBinary, leaves: Leaves): CompiledExpression {
  const { operator } = expression;
  const left = compileExpression(expression.left, leaves);
  const right = compileExpression(expression.right, leaves);
  if (operator === "&&") {
    return (trace, rows) => {
      const a = left(trace, rows);
      const b = a === undefined ? undefined : right(trace, rows);
      return a === undefined || b === undefined ? undefined : union(a, b);
    };
  }
  if (operator === "||") {
    return (trace, rows) => {
      const a = left(trace, rows);
      const b = right(trace, rows);
      return a === undefined ? b : union(a, b ?? []);
    };
  }
  leaves.needsAllSpans = true;
  const relate = structural(operator);
  return (trace, rows) => {
    const b = right(trace, rows);
    if (b === undefined) return undefined;
    return orNone(relate(left(trace, rows) ?? [], b, trace));
  };
}

function structural(
  operator: Exclude<SpansetOperator, "&&" | "||">,
): (left: Rows, right: Rows, trace: TraceView) => Rows {
  const sign = operator[0];
  if (sign !== "!" && sign !== "&")
    return (left, right, { kinship }) =>
      related(operator as StructuralRelation, left, right, kinship);
  const relation = operator.slice(1) as StructuralRelation;
  return sign === "!"
    ? (left, right, { kinship }) => unrelated(relation, left, right, kinship)
    : (left, right, { kinship }) => relatedBothWays(relation, left, right, kinship);
}

/** What holds by what is not there is shown by the trace's root, or its earliest span. */
function grounded({ root }: TraceView, found: Rows): Rows {
  return found.length > 0 ? found : [Math.max(0, root)];
}

function orNone(rows: Rows): Rows | undefined {
  return rows.length === 0 ? undefined : rows;
}
