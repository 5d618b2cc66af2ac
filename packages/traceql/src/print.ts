// Syntax tree to text: `parse(print(query))` gives the same tree.

import type {
  Aggregate,
  Hints,
  MetricsExpression,
  Pipeline,
  Query,
  RangeAggregate,
  ScalarExpression,
  SecondStage,
  SeriesExpression,
  SpansetExpression,
  SpansetFilter,
  Stage,
} from "./ast.ts";
import { printField, printNumber, printReference, printStatic } from "./print-field.ts";

/** The query in canonical form: one blank around operators, no parentheses that are not needed. */
export function print(query: Query): string {
  const body =
    query.kind === "spans" ? printPipeline(query.pipeline) : printMetrics(query.expression);
  return `${body}${printHints(query.hints)}`;
}

function printHints(hints: Hints): string {
  if (hints.size === 0) return "";
  const pairs = Array.from(hints, ([name, value]) => `${name}=${printStatic(value)}`);
  return ` with(${pairs.join(", ")})`;
}

function printPipeline(pipeline: Pipeline): string {
  return pipeline.stages.map(printStage).join(" | ");
}

function printStage(stage: Stage): string {
  switch (stage.kind) {
    case "by":
      return `by(${printField(stage.expression)})`;
    case "coalesce":
      return "coalesce()";
    case "select":
      return `select(${stage.fields.map(printReference).join(", ")})`;
    case "scalarFilter":
      return `${printScalar(stage.left, 3)} ${stage.operator} ${printScalar(stage.right, 3)}`;
    default:
      return printSpansets(stage, 0);
  }
}

/** Level of `&&` and `||`, and of structural operators. */
function spansetLevel(operator: string): number {
  return operator === "&&" || operator === "||" ? 2 : 3;
}

function printSpansets(node: SpansetExpression, above: number): string {
  switch (node.kind) {
    case "filter":
      return printFilter(node);
    case "nested":
      return `(${printPipeline(node.pipeline)})`;
    case "without":
      return `!${printSpansets(node.operand, 3)}`;
    case "spansets": {
      const level = spansetLevel(node.operator);
      const left = printSpansets(node.left, level - 1);
      const text = `${left} ${node.operator} ${printSpansets(node.right, level)}`;
      return level > above ? text : `(${text})`;
    }
  }
}

function printFilter({ condition }: SpansetFilter): string {
  const all = condition.kind === "static" && condition.type === "bool" && condition.value;
  return all ? "{ }" : `{ ${printField(condition)} }`;
}

const scalarLevels: Readonly<Record<string, number>> = {
  "+": 4,
  "-": 4,
  "*": 6,
  "/": 6,
  "%": 6,
  "^": 7,
};

function printScalar(node: ScalarExpression, above: number): string {
  if (node.kind === "static") return printStatic(node);
  if (node.kind === "aggregate") return printAggregate(node);
  const level = scalarLevels[node.operator] ?? 0;
  const fromRight = node.operator === "^";
  const left = printScalar(node.left, fromRight ? level : level - 1);
  const right = printScalar(node.right, fromRight ? level - 1 : level);
  const text = `${left} ${node.operator} ${right}`;
  return level > above ? text : `(${text})`;
}

function printAggregate(node: Aggregate): string {
  const argument = node.argument === undefined ? "" : printField(node.argument);
  const call = `${node.function}(${argument})`;
  return node.of === undefined ? call : `(${printPipeline(node.of)} | ${call})`;
}

function printMetrics(node: MetricsExpression): string {
  switch (node.kind) {
    case "number":
      return printNumber(node.value);
    case "series":
      return `${printSeries(node)}${printThen(node.then)}`;
    case "arithmetic": {
      const level = scalarLevels[node.operator] ?? 0;
      const left = printMetricsOperand(node.left, level - 1);
      const right = printMetricsOperand(node.right, level);
      return `${left} ${node.operator} ${right}${printThen(node.then)}`;
    }
  }
}

function printMetricsOperand(node: MetricsExpression, above: number): string {
  const text = printMetrics(node);
  if (node.kind === "number") return text;
  const bare =
    node.kind === "arithmetic" &&
    node.then.length === 0 &&
    (scalarLevels[node.operator] ?? 0) > above;
  return bare ? text : `(${text})`;
}

function printSeries({ pipeline, function: fn }: SeriesExpression): string {
  const spans = printPipeline(pipeline);
  if (fn.kind === "range") return `${spans} | ${printRange(fn)}`;
  const { selection, top, window } = fn;
  const range = window === undefined ? "" : `, ${window.start}, ${window.end}`;
  return `${spans} | compare(${printFilter(selection)}, ${top}${range})`;
}

function printRange(fn: RangeAggregate): string {
  const argument = fn.argument === undefined ? [] : [printReference(fn.argument)];
  const by = fn.by.length === 0 ? "" : ` by(${fn.by.map(printReference).join(", ")})`;
  return `${fn.function}(${[...argument, ...fn.quantiles.map(printNumber)].join(", ")})${by}`;
}

function printThen(stages: readonly SecondStage[]): string {
  return stages
    .map((stage) =>
      stage.kind === "threshold"
        ? ` ${stage.operator} ${printNumber(stage.value)}`
        : ` | ${stage.kind}(${stage.count})`,
    )
    .join("");
}
