// Which node an operator between two operands makes: it depends on what the operands are.

import type {
  MetricsBinary,
  MetricsExpression,
  ScalarBinary,
  ScalarExpression,
  ScalarFilter,
  SecondStage,
  SeriesExpression,
  SpansetBinary,
  SpansetExpression,
  Static,
} from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { constantNumber, thresholdValue } from "./fold.ts";
import type { Token } from "./token.ts";

export type Metrics = SeriesExpression | MetricsBinary;
export type Operand = SpansetExpression | ScalarExpression | ScalarFilter | Metrics;

type Sort = "spans" | "scalar" | "condition" | "metrics";

const comparisons: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);
const spansetOperators: ReadonlySet<string> = new Set(
  "&& || > >> < << ~ !> !>> !< !<< !~ &> &>> &< &<< &~".split(" "),
);

function sortOf(node: Operand): Sort {
  switch (node.kind) {
    case "aggregate":
    case "static":
    case "scalars":
      return "scalar";
    case "scalarFilter":
      return "condition";
    case "series":
    case "arithmetic":
      return "metrics";
    default:
      return "spans";
  }
}

const sortNames: Readonly<Record<Sort, string>> = {
  spans: "a set of spans",
  scalar: "a number",
  condition: "a condition",
  metrics: "metrics",
};

/** `left operator right`. */
export function combine(cursor: Cursor, token: Token, left: Operand, right: Operand): Operand {
  const at = { start: left.at.start, end: right.at.end };
  const sorts = `${sortOf(left)} ${sortOf(right)}`;
  const operator = token.kind;
  if (sorts === "spans spans" && spansetOperators.has(operator))
    return { kind: "spansets", operator, left, right, at } as SpansetBinary;
  if (sorts === "scalar scalar") {
    if (comparisons.has(operator))
      return { kind: "scalarFilter", operator, left, right, at } as ScalarFilter;
    if ("+-*/%^".includes(operator))
      return { kind: "scalars", operator, left, right, at } as ScalarBinary;
  }
  if (sorts.includes("metrics")) return combineMetrics(cursor, token, left, right);
  return mismatch(cursor, token, left, right);
}

function mismatch(cursor: Cursor, token: Token, left: Operand, right: Operand): never {
  const [a, b] = [sortOf(left), sortOf(right)];
  let hint: string | undefined;
  if (a === "condition" || b === "condition")
    hint = "conditions follow one another: { } | count() > 1 | avg(duration) > 1s";
  else if (a === "spans" && b === "spans")
    hint = "sets of spans are joined by && || > >> < << ~ and their forms with ! and &";
  else if (a !== b)
    hint =
      "what an aggregate or metrics function is about stands with it between parentheses: ({ } | count()) > 1";
  return cursor.fail(
    token.at,
    `${token.kind} cannot stand between ${sortNames[a]} and ${sortNames[b]}`,
    { hint },
  );
}

function combineMetrics(cursor: Cursor, token: Token, left: Operand, right: Operand): Operand {
  const at = { start: left.at.start, end: right.at.end };
  const operator = token.kind;
  if (comparisons.has(operator) && isMetrics(left) && right.kind === "static") {
    const value = thresholdValue(cursor, right);
    const stage = {
      kind: "threshold",
      operator,
      value,
      at: { start: token.at.start, end: at.end },
    };
    return { ...left, then: [...left.then, stage as SecondStage], at };
  }
  if (!"+-*/".includes(operator)) return mismatch(cursor, token, left, right);
  const a = metricsOperand(cursor, left);
  const b = metricsOperand(cursor, right);
  if (a === undefined || b === undefined) return mismatch(cursor, token, left, right);
  return {
    kind: "arithmetic",
    operator: operator as MetricsBinary["operator"],
    left: a,
    right: b,
    then: [],
    at,
  };
}

function isMetrics(node: Operand): node is Metrics {
  return node.kind === "series" || node.kind === "arithmetic";
}

function metricsOperand(cursor: Cursor, node: Operand): MetricsExpression | undefined {
  if (isMetrics(node)) return node;
  if (node.kind !== "static" && node.kind !== "scalars") return undefined;
  const value: Static = constantNumber(cursor, node);
  return { kind: "number", value: Number("value" in value ? value.value : 0), at: node.at };
}
