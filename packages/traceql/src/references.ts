// Which fields a query names.

import type {
  FieldExpression,
  FieldReference,
  MetricsExpression,
  Pipeline,
  Query,
  ScalarExpression,
  SpansetExpression,
  Stage,
} from "./ast.ts";

/** Attributes and intrinsics that a query, pipeline or expression names, each once, in the order of the text. */
export function references(
  node: Query | Pipeline | Stage | FieldExpression,
): readonly FieldReference[] {
  const found = new Map<string, FieldReference>();
  for (const field of visit(node)) {
    const scope = field.kind === "attribute" ? field.scope : "";
    const key = JSON.stringify([field.kind, field.owner, scope, field.name]);
    if (!found.has(key)) found.set(key, field);
  }
  return [...found.values()];
}

type Visited =
  | Query
  | Pipeline
  | Stage
  | FieldExpression
  | ScalarExpression
  | SpansetExpression
  | MetricsExpression;

function* visit(node: Visited): Generator<FieldReference> {
  switch (node.kind) {
    case "attribute":
    case "intrinsic":
      yield node;
      return;
    case "static":
    case "coalesce":
    case "number":
      return;
    case "unary":
    case "without":
      return yield* visit(node.operand);
    case "filter":
      return yield* visit(node.condition);
    case "by":
    case "metrics":
      return yield* visit(node.expression);
    case "spans":
    case "nested":
      return yield* visit(node.pipeline);
    case "select":
      return yield* visitAll(node.fields);
    case "pipeline":
      return yield* visitAll(node.stages);
    case "aggregate":
      if (node.of !== undefined) yield* visit(node.of);
      if (node.argument !== undefined) yield* visit(node.argument);
      return;
    case "series":
      yield* visit(node.pipeline);
      if (node.function.kind === "compare") return yield* visit(node.function.selection);
      if (node.function.argument !== undefined) yield node.function.argument;
      return yield* visitAll(node.function.by);
    default:
      yield* visit(node.left);
      yield* visit(node.right);
  }
}

function* visitAll(nodes: readonly Visited[]): Generator<FieldReference> {
  for (const node of nodes) yield* visit(node);
}
