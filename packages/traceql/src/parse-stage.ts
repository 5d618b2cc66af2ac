// Stages of a pipeline and what stands between operators outside braces. Spansets, aggregates and metrics
// share their operators, so one Pratt parser reads them all and looks at the operands to know which is meant:
// `{a} > {b}` is a structure, `count() > 2` a scalar filter, `({a} | rate()) > 2` a threshold.
// Low to high: `&& ||`, comparisons and structure, `+ -`, `* / %`, `^` (from the right).

import type {
  Aggregate,
  AggregateFunction,
  Pipeline,
  ScalarExpression,
  ScalarFilter,
  SpansetExpression,
  Stage,
} from "./ast.ts";
import { combine, type Operand } from "./combine.ts";
import type { Cursor } from "./cursor.ts";
import { parseFieldExpression, parseFilterBraces } from "./parse-field.ts";
import { parseSeries, parseThen } from "./parse-metrics.ts";
import { parseReferences } from "./parse-reference.ts";
import { negated, parseStatic } from "./parse-static.ts";
import { nearest } from "./suggest.ts";
import {
  aggregateFunctions,
  otherStageFunctions,
  rangeFunctions,
  secondStageFunctions,
} from "./vocabulary.ts";

const metricsWords: readonly string[] = [...rangeFunctions, "compare"];

const operatorLevels: ReadonlyMap<string, number> = new Map([
  ...["&&", "||"].map((operator) => [operator, 2] as const),
  ...["=", "!=", "<", "<=", ">", ">=", "=~", "!~", ">>", "<<", "~"].map((o) => [o, 3] as const),
  ...["!>", "!>>", "!<", "!<<", "&>", "&>>", "&<", "&<<", "&~"].map((o) => [o, 3] as const),
  ...["+", "-"].map((operator) => [operator, 4] as const),
  ...["*", "/", "%"].map((operator) => [operator, 6] as const),
  ["^", 7],
]);

/** What stands between two parentheses, or is the whole query. */
export type Group = Pipeline | Operand;

/** Stages up to the end of the group: a pipeline, or one scalar or metrics expression. */
export function parseGroup(cursor: Cursor): Group {
  const { start } = cursor.token.at;
  const stages: Stage[] = [];
  const pipeline = (): Pipeline => ({ kind: "pipeline", stages, at: cursor.placeFrom(start) });
  do {
    cursor.countTerm();
    const { token } = cursor;
    if (token.kind === "word" && metricsWords.includes(token.word)) {
      if (stages.length === 0)
        cursor.fail(token.at, `${token.word}() needs spans before it`, {
          hint: `{ } | ${token.word}() takes all spans`,
        });
      return parseSeries(cursor, pipeline());
    }
    const element = parseElement(cursor, stages.length === 0);
    if (element.kind === "series" || element.kind === "arithmetic") {
      if (stages.length === 0) return { ...element, then: parseThen(cursor, element.then) };
      return cursor.fail(element.at, "metrics cannot follow a stage; they stand alone");
    }
    if (isScalar(element)) return stages.length === 0 ? element : ofPipeline(element, pipeline());
    // Parentheses around whole stages group nothing: what is in them stands here.
    if (element.kind === "nested") stages.push(...element.pipeline.stages);
    else stages.push(element);
  } while (cursor.accept("|") !== undefined);
  return pipeline();
}

/** `{a} | count()`: each aggregate of the scalar is that of the pipeline before it. */
function ofPipeline(scalar: ScalarExpression, of: Pipeline): ScalarExpression {
  const at = { start: of.at.start, end: scalar.at.end };
  if (scalar.kind === "aggregate") return scalar.of === undefined ? { ...scalar, of, at } : scalar;
  if (scalar.kind === "static") return scalar;
  return {
    ...scalar,
    left: ofPipeline(scalar.left, of),
    right: ofPipeline(scalar.right, of),
    at,
  };
}

type Element = Stage | Operand;

function parseElement(cursor: Cursor, first: boolean): Element {
  const { token } = cursor;
  if (token.kind === "word" && cursor.nextIs("(")) {
    if (token.word === "by") return parseBy(cursor);
    if (token.word === "select") return parseSelect(cursor);
    if (token.word === "coalesce") {
      if (first) cursor.fail(token.at, "coalesce() needs spansets before it");
      cursor.take();
      cursor.expect("(");
      cursor.expect(")");
      return { kind: "coalesce", at: cursor.placeFrom(token.at.start) };
    }
  }
  return parseExpression(cursor, 0);
}

function parseBy(cursor: Cursor): Stage {
  const { start } = cursor.take().at;
  const open = cursor.expect("(");
  const expression = parseFieldExpression(cursor);
  const close = cursor.expect(")", "an operator");
  const text = cursor.text.slice(open.at.end, close.at.start).trim();
  return { kind: "by", expression, text, at: cursor.placeFrom(start) };
}

function parseSelect(cursor: Cursor): Stage {
  const { start } = cursor.take().at;
  cursor.expect("(");
  const fields = parseReferences(cursor);
  cursor.expect(")", ",");
  return { kind: "select", fields, at: cursor.placeFrom(start) };
}

function parseExpression(cursor: Cursor, above: number): Operand {
  let left = parseOperand(cursor);
  for (;;) {
    const { token } = cursor;
    const level = operatorLevels.get(token.kind);
    if (level === undefined || level <= above) return left;
    cursor.countTerm();
    cursor.take();
    const from = token.kind === "^" ? level - 1 : level;
    const right = cursor.nested(() => parseExpression(cursor, from));
    left = combine(cursor, token, left, right);
  }
}

function parseOperand(cursor: Cursor): Operand {
  const { token } = cursor;
  if (token.kind === "{") return parseFilterBraces(cursor);
  if (token.kind === "(") return parseParentheses(cursor);
  if (token.kind === "!") return parseWithout(cursor);
  if (token.kind === "-") {
    cursor.take();
    const value = parseStatic(cursor, true);
    const at = cursor.placeFrom(token.at.start);
    const folded = value === undefined ? undefined : negated(value, at);
    return folded ?? cursor.fail(at, "a minus stands only before a number here");
  }
  if (token.kind === "word") {
    if (isAggregateWord(token.word)) return parseAggregate(cursor, token.word);
    if (cursor.nextIs("(")) unknownFunction(cursor, token.word);
  }
  const value = parseStatic(cursor);
  if (value !== undefined) return value;
  return cursor.unexpected(
    ["{", "(", "a function such as count()"],
    token.kind === "attribute" || token.kind === "intrinsic" || token.kind === "word"
      ? "conditions on spans stand between braces: { .a = 1 }"
      : undefined,
  );
}

function isAggregateWord(word: string): word is AggregateFunction {
  return (aggregateFunctions as readonly string[]).includes(word);
}

function unknownFunction(cursor: Cursor, word: string): never {
  const { at } = cursor.token;
  if (secondStageFunctions.includes(word))
    cursor.fail(at, `${word}() follows a metrics function`, {
      hint: `{ } | rate() by(name) | ${word}(10)`,
    });
  if (metricsWords.includes(word) || otherStageFunctions.includes(word))
    cursor.fail(at, `${word}() is a stage of its own`, { hint: "put a | before it" });
  const all = [...aggregateFunctions, ...otherStageFunctions, ...metricsWords, "topk", "bottomk"];
  const guess = nearest(word, all);
  const hint = guess === undefined ? `functions are ${all.join(", ")}` : `did you mean ${guess}()?`;
  return cursor.fail(at, `there is no function ${word}()`, { hint });
}

function parseWithout(cursor: Cursor): SpansetExpression {
  const { start } = cursor.take().at;
  const operand = cursor.nested(() => parseOperand(cursor));
  const at = { start, end: operand.at.end };
  if (!isSpansets(operand)) cursor.fail(at, "! stands before a set of spans here: !{ .a = 1 }");
  return { kind: "without", operand, at };
}

function parseAggregate(cursor: Cursor, name: AggregateFunction): Aggregate {
  const { start } = cursor.take().at;
  cursor.expect("(");
  if (name === "count") {
    if (!cursor.is(")")) cursor.fail(cursor.token.at, "count() takes no argument");
    cursor.take();
    return { kind: "aggregate", function: name, at: cursor.placeFrom(start) };
  }
  const argument = cursor.nested(() => parseFieldExpression(cursor));
  cursor.expect(")", "an operator");
  return { kind: "aggregate", function: name, argument, at: cursor.placeFrom(start) };
}

function parseParentheses(cursor: Cursor): Operand {
  const { start } = cursor.take().at;
  const group = cursor.nested(() => parseGroup(cursor));
  cursor.expect(")", "|", "an operator");
  if (group.kind !== "pipeline") return { ...group, at: cursor.placeFrom(start) };
  const [only] = group.stages;
  const at = cursor.placeFrom(start);
  if (group.stages.length === 1 && only !== undefined && isSpansets(only)) return { ...only, at };
  return { kind: "nested", pipeline: group, at };
}

export function isScalar(node: Element): node is ScalarExpression {
  return node.kind === "aggregate" || node.kind === "static" || node.kind === "scalars";
}

export function isSpansets(node: Element | ScalarFilter): node is SpansetExpression {
  return (
    node.kind === "filter" ||
    node.kind === "spansets" ||
    node.kind === "without" ||
    node.kind === "nested"
  );
}
