// The fields that a pipeline names, of which answers show the values: in the order of the text, each once.

import type {
  FieldExpression,
  FieldReference,
  Pipeline,
  ScalarExpression,
  SpansetExpression,
  Stage,
} from "@clew/traceql";
import { referencesOf } from "./field-references.ts";

export function namedFields(pipeline: Pipeline): readonly FieldReference[] {
  const fields = new Map<string, FieldReference>();
  for (const field of ofPipeline(pipeline))
    if (!fields.has(field.text)) fields.set(field.text, field);
  return [...fields.values()];
}

function ofPipeline(pipeline: Pipeline): readonly FieldReference[] {
  return pipeline.stages.flatMap(ofStage);
}

function ofStage(stage: Stage): readonly FieldReference[] {
  switch (stage.kind) {
    case "coalesce":
      return [];
    case "select":
      return stage.fields;
    case "by":
      return referencesOf(stage.expression);
    case "scalarFilter":
      return [...ofScalar(stage.left), ...ofScalar(stage.right)];
    default:
      return ofSpansets(stage);
  }
}

function ofSpansets(expression: SpansetExpression): readonly FieldReference[] {
  switch (expression.kind) {
    case "filter":
      return referencesOf(expression.condition);
    case "without":
      return ofSpansets(expression.operand);
    case "nested":
      return ofPipeline(expression.pipeline);
    case "spansets":
      return [...ofSpansets(expression.left), ...ofSpansets(expression.right)];
  }
}

function ofScalar(expression: ScalarExpression): readonly FieldReference[] {
  if (expression.kind === "static") return [];
  if (expression.kind === "scalars")
    return [...ofScalar(expression.left), ...ofScalar(expression.right)];
  const of = expression.of === undefined ? [] : ofPipeline(expression.of);
  return [...of, ...ofArgument(expression.argument)];
}

function ofArgument(argument: FieldExpression | undefined): readonly FieldReference[] {
  return argument === undefined ? [] : referencesOf(argument);
}
