// What a pipeline makes of one trace: sets of spans and the values that came with them.

import type {
  Aggregate,
  Pipeline,
  ScalarExpression,
  ScalarFilter,
  SpansetBinary,
  SpansetExpression,
  Stage,
  StructuralRelation,
} from "@clew/traceql";
import { holds, valueOf } from "./oracle-fields.ts";
import type { OracleSpan, OracleTrace, Value } from "./oracle-trace.ts";
import { compare, compute, isNumber, keyOf } from "./oracle-values.ts";

export interface OracleSpanset {
  readonly spans: readonly OracleSpan[];
  readonly values: readonly { readonly name: string; readonly value: Value }[];
}

/** The spansets of a trace at the end of a pipeline. */
export function evaluate(pipeline: Pipeline, trace: OracleTrace): OracleSpanset[] {
  return runStages(pipeline, [{ spans: trace.spans, values: [] }]);
}

function runStages(pipeline: Pipeline, input: OracleSpanset[]): OracleSpanset[] {
  let sets = input;
  for (const stage of pipeline.stages)
    sets = runStage(stage, sets).filter(({ spans }) => spans.length > 0);
  return sets;
}

function runStage(stage: Stage, sets: OracleSpanset[]): OracleSpanset[] {
  switch (stage.kind) {
    case "by":
      return sets.flatMap((set) => group(stage, set));
    case "coalesce":
      return [{ spans: distinct(sets.flatMap(({ spans }) => spans)), values: [] }];
    case "select":
      return sets;
    case "scalarFilter":
      return sets.flatMap((set) => scalarFilter(stage, set));
    default:
      return sets.map((set) => ({ spans: combined(stage, set), values: set.values }));
  }
}

function distinct(spans: readonly OracleSpan[]): OracleSpan[] {
  return [...new Set(spans)];
}

function group(stage: Extract<Stage, { kind: "by" }>, set: OracleSpanset): OracleSpanset[] {
  const groups = new Map<string, { spans: OracleSpan[]; value: Value }>();
  for (const span of set.spans) {
    const value = valueOf(stage.expression, span);
    const key = keyOf(value);
    const found = groups.get(key) ?? { spans: [], value };
    found.spans.push(span);
    groups.set(key, found);
  }
  const name = `by(${stage.text})`;
  return Array.from(groups.values(), ({ spans, value }) => ({
    spans,
    values: [...set.values, { name, value }],
  }));
}

/** A set of spans and whether what it says of the trace is true; absence is true without spans. */
interface Answer {
  readonly found: boolean;
  readonly spans: readonly OracleSpan[];
}

function combined(node: SpansetExpression, set: OracleSpanset): readonly OracleSpan[] {
  const { found, spans } = answer(node, set);
  if (!found) return [];
  if (spans.length > 0) return spans;
  // Nothing but absence was asked for: the trace is shown by its root.
  const [first] = set.spans;
  const shown = first?.trace.root ?? first?.trace.spans[0];
  return shown === undefined ? [] : [shown];
}

function answer(node: SpansetExpression, set: OracleSpanset): Answer {
  switch (node.kind) {
    case "filter":
      return some(set.spans.filter((span) => holds(node.condition, span)));
    case "nested":
      return some(distinct(runStages(node.pipeline, [set]).flatMap(({ spans }) => spans)));
    case "without":
      return { found: !answer(node.operand, set).found, spans: [] };
    case "spansets":
      return binary(node, answer(node.left, set), answer(node.right, set));
  }
}

function some(spans: readonly OracleSpan[]): Answer {
  return { found: spans.length > 0, spans };
}

function binary({ operator }: SpansetBinary, left: Answer, right: Answer): Answer {
  const both = distinct([...left.spans, ...right.spans]);
  if (operator === "&&") return left.found && right.found ? { found: true, spans: both } : some([]);
  if (operator === "||") {
    const spans = distinct([left, right].flatMap((side) => (side.found ? side.spans : [])));
    return { found: left.found || right.found, spans };
  }
  const relation = operator.replace(/^[!&]/, "") as StructuralRelation;
  const related = right.spans.filter((b) => left.spans.some((a) => isRelated(relation, a, b)));
  if (operator.startsWith("!")) return some(right.spans.filter((b) => !related.includes(b)));
  if (!operator.startsWith("&")) return some(related);
  const relating = left.spans.filter((a) => right.spans.some((b) => isRelated(relation, a, b)));
  return some(distinct([...relating, ...related]));
}

/** Whether `a relation b` holds between two spans. */
function isRelated(relation: StructuralRelation, a: OracleSpan, b: OracleSpan): boolean {
  switch (relation) {
    case ">":
      return b.parent === a;
    case ">>":
      return ancestors(b).includes(a);
    case "<":
      return a.parent === b;
    case "<<":
      return ancestors(a).includes(b);
    case "~": {
      const roots = a.parentId === undefined && b.parentId === undefined;
      return a !== b && (roots || (a.parent !== undefined && a.parent === b.parent));
    }
  }
}

function ancestors(span: OracleSpan): OracleSpan[] {
  return span.parent === undefined ? [] : [span.parent, ...ancestors(span.parent)];
}

function scalarFilter(stage: ScalarFilter, set: OracleSpanset): OracleSpanset[] {
  const values: { name: string; value: Value }[] = [];
  const left = scalar(stage.left, set, values);
  const right = scalar(stage.right, set, values);
  if (!compare(stage.operator, left, right)) return [];
  return [{ spans: set.spans, values: [...set.values, ...values] }];
}

function scalar(
  node: ScalarExpression,
  set: OracleSpanset,
  values: { name: string; value: Value }[],
): Value {
  if (node.kind === "static") return node.type === "nil" ? undefined : node;
  if (node.kind === "scalars")
    return compute(node.operator, scalar(node.left, set, values), scalar(node.right, set, values));
  const value = aggregate(node, set);
  // What is found in another pipeline is no value of this set.
  if (node.of === undefined) values.push({ name: node.function, value });
  return value;
}

function aggregate(node: Aggregate, set: OracleSpanset): Value {
  const [first] = set.spans;
  const spans =
    node.of === undefined || first === undefined
      ? set.spans
      : distinct(evaluate(node.of, first.trace).flatMap((found) => found.spans));
  const { argument } = node;
  if (argument === undefined) return { type: "int", value: BigInt(spans.length) };
  const numbers = spans.map((span) => valueOf(argument, span)).filter(isNumber);
  return aggregateOf(node.function, numbers);
}

type NumberValue = Extract<Value, { type: "int" | "float" | "duration" }>;

function aggregateOf(name: Aggregate["function"], numbers: readonly NumberValue[]): Value {
  const [first] = numbers;
  if (first === undefined) return undefined;
  const sum = numbers.reduce((total, { value }) => total + Number(value), 0);
  switch (name) {
    case "count":
      return { type: "int", value: BigInt(numbers.length) };
    case "sum":
      return { type: "float", value: sum };
    case "avg":
      // The mean of durations is a duration: whole nanoseconds.
      return numbers.every(({ type }) => type === "duration")
        ? { type: "duration", value: BigInt(Math.trunc(sum / numbers.length)) }
        : { type: "float", value: sum / numbers.length };
    case "min":
      return numbers.reduce((least, one) => (one.value < least.value ? one : least));
    case "max":
      return numbers.reduce((most, one) => (one.value > most.value ? one : most));
  }
}
