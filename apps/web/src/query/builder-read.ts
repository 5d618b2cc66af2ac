// A query as a builder, or why the builder cannot show it.

import {
  type FieldExpression,
  type FieldReference,
  type Pipeline,
  parse,
  print,
  type RangeAggregate,
  type SecondStage,
  type SpansetExpression,
  type SpansetFilter,
  type Static,
  TraceqlError,
} from "@clew/traceql";
import {
  type Builder,
  type Condition,
  type FieldFunction,
  fieldFunctions,
  type Measure,
  relations,
} from "./builder-model.ts";
import type { Literal } from "./filter-text.ts";

/** The reason for no builder when the text is no query at all. */
export const faulty = "the query has a fault";

/** Either the builder or words that say why there is none. */
export type BuilderOrReason =
  | { readonly builder: Builder }
  | { readonly reason: string; readonly isFaulty: boolean };

class Inexpressible extends Error {}

function fail(reason: string): never {
  throw new Inexpressible(reason);
}

export function readBuilder(text: string): BuilderOrReason {
  try {
    return { builder: builderOf(text) };
  } catch (error) {
    if (error instanceof Inexpressible) return { reason: error.message, isFaulty: false };
    if (error instanceof TraceqlError) return { reason: faulty, isFaulty: true };
    throw error;
  }
}

function builderOf(text: string): Builder {
  const query = parse(text);
  if (query.hints.size > 0) fail("it has hints: with(…)");
  if (query.kind === "spans") {
    const [first, ...rest] = query.pipeline.stages;
    const select = rest.length === 1 && rest[0]?.kind === "select" ? rest[0].fields : undefined;
    if (rest.length > 0 && select === undefined) fail(stagesReason(query.pipeline));
    return {
      ...spansOf(first as SpansetExpression),
      measure: { kind: "traces", select: (select ?? []).map(fieldText) },
    };
  }
  const { expression } = query;
  if (expression.kind !== "series") fail("it computes with several series");
  const { pipeline, function: fn, then } = expression;
  if (pipeline.stages.length > 1) fail(stagesReason(pipeline));
  if (fn.kind === "compare") fail("it compares two sets of spans: compare(…)");
  return { ...spansOf(pipeline.stages[0] as SpansetExpression), measure: measureOf(fn, then) };
}

function stagesReason({ stages }: Pipeline): string {
  const kinds = new Set(stages.slice(1).map(({ kind }) => kind));
  if (kinds.has("by")) return "it groups spans inside traces: | by(…)";
  if (kinds.has("scalarFilter")) return "it has a condition on an aggregate, such as | count() > 2";
  return "it has more than one stage";
}

function spansOf(node: SpansetExpression): Pick<Builder, "spans" | "structure"> {
  if (node.kind === "filter") return { spans: conditionsOf(node) };
  if (node.kind === "without") fail("it asks for traces that lack a span: !{ … }");
  if (node.kind !== "spansets") fail(`it begins with ${printed(node)}`);
  const relation = relations.find((one) => one === node.operator);
  if (relation === undefined) fail(`it joins sets of spans by ${node.operator}`);
  if (node.left.kind !== "filter" || node.right.kind !== "filter")
    fail("it relates more than two sets of spans");
  return {
    spans: conditionsOf(node.left),
    structure: { relation, spans: conditionsOf(node.right) },
  };
}

function printed(node: SpansetExpression): string {
  const { at } = node;
  const pipeline = { kind: "pipeline", stages: [node], at } as const;
  return print({ kind: "spans", pipeline, hints: new Map(), at }).slice(0, 40);
}

/** Rows of a set of spans; more would push the answer off the screen, and make typing slow. */
const maxConditions = 24;

function conditionsOf({ condition }: SpansetFilter): Condition[] {
  const all = condition.kind === "static" && condition.type === "bool" && condition.value;
  if (all) return [];
  const terms = flat(condition);
  if (terms.length > maxConditions) fail(`it has more than ${maxConditions} conditions`);
  return terms.map(conditionOf);
}

function flat(node: FieldExpression): FieldExpression[] {
  if (node.kind !== "binary" || node.operator !== "&&") return [node];
  return [...flat(node.left), ...flat(node.right)];
}

function conditionOf(node: FieldExpression): Condition {
  if (node.kind !== "binary") fail("it has a condition without a comparison");
  const { operator, left, right } = node;
  switch (operator) {
    case "||":
      return fail("it has alternatives: ||");
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "=~":
    case "!~":
      break;
    default:
      return fail(`it computes with ${operator}`);
  }
  if (left.kind !== "attribute" && left.kind !== "intrinsic")
    fail("a condition does not begin with a field");
  if (right.kind !== "static") fail("a condition compares two fields");
  const field = fieldText(left);
  if (right.type === "nil") {
    if (operator === "!=") return { field, operator: "exists" };
    if (operator === "=") return { field, operator: "missing" };
    return fail("it compares with nil");
  }
  return { field, operator, value: literalOf(right) };
}

function literalOf(value: Exclude<Static, { type: "nil" }>): Literal {
  if (value.type === "string") return { type: "string", text: value.value };
  return { type: value.type, text: printValue(value) };
}

/** The literal as the printer writes it: the only text that means exactly this value. */
function printValue(value: Static): string {
  const { at } = value;
  const left = {
    kind: "attribute",
    owner: "self",
    scope: "any",
    name: "x",
    text: ".x",
    at,
  } as const;
  const condition = { kind: "binary", operator: "=", left, right: value, at } as const;
  const pipeline = { kind: "pipeline", stages: [{ kind: "filter", condition, at }], at } as const;
  const text = print({ kind: "spans", pipeline, hints: new Map(), at });
  return text.slice("{ .x = ".length, -" }".length);
}

/** As it was written, since series are labelled with that. */
function fieldText(field: FieldReference): string {
  return field.text;
}

function measureOf(fn: RangeAggregate, then: readonly SecondStage[]): Measure {
  const [second, ...more] = then;
  if (more.length > 0 || (second !== undefined && second.kind !== "topk"))
    fail("it filters series after they are made");
  const by = fn.by.map(fieldText);
  const ranked = second?.kind === "topk" ? { by, top: second.count } : { by };
  if (fn.function === "rate") return { kind: "rate", ...ranked };
  if (fn.function === "count_over_time") return { kind: "count", ...ranked };
  const of = fn.argument === undefined ? "duration" : fieldText(fn.argument);
  if (fn.function === "quantile_over_time")
    return { kind: "quantile", of, quantiles: fn.quantiles, ...ranked };
  if (fn.function === "histogram_over_time") {
    if (second !== undefined) fail("it filters series after they are made");
    return { kind: "heat", of, by };
  }
  const kind = fieldFunctions.find((one) => `${one}_over_time` === fn.function) as FieldFunction;
  return { kind, of, ...ranked };
}
