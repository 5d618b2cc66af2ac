// Metrics: the function after a pipeline, its grouping, and the second stages that narrow its series.

import type {
  Compare,
  FieldReference,
  Pipeline,
  RangeAggregate,
  RangeFunction,
  SecondStage,
  SeriesExpression,
} from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { thresholdValue } from "./fold.ts";
import { parseFilterBraces } from "./parse-field.ts";
import { parseReference, parseReferences } from "./parse-reference.ts";
import { parseStatic } from "./parse-static.ts";
import { MIN_INT } from "./vocabulary.ts";

const DEFAULT_TOP = 10;
const comparisons: readonly string[] = ["=", "!=", "<", "<=", ">", ">="];

/** `rate() by(...) | topk(3) > 1`; the cursor stands on the function. */
export function parseSeries(cursor: Cursor, pipeline: Pipeline): SeriesExpression {
  const fn = cursor.isWord("compare") ? parseCompare(cursor) : parseRange(cursor);
  const then = parseThen(cursor, []);
  return { kind: "series", pipeline, function: fn, then, at: cursor.placeFrom(pipeline.at.start) };
}

/** Second stages, if any, after those in `before`. */
export function parseThen(cursor: Cursor, before: readonly SecondStage[]): SecondStage[] {
  const stages = [...before];
  for (;;) {
    const { token } = cursor;
    if (comparisons.includes(token.kind)) stages.push(parseThreshold(cursor));
    else if (cursor.accept("|") !== undefined) stages.push(parseTop(cursor));
    else return stages;
    cursor.countTerm();
  }
}

function parseThreshold(cursor: Cursor): SecondStage {
  const { kind: operator, at: place } = cursor.take();
  const minus = cursor.accept("-");
  const constant = parseStatic(cursor, true) ?? cursor.unexpected(["a number", "a duration"]);
  const value = thresholdValue(cursor, constant) * (minus === undefined ? 1 : -1);
  const at = cursor.placeFrom(place.start);
  return { kind: "threshold", operator, value, at } as SecondStage;
}

function parseTop(cursor: Cursor): SecondStage {
  const { token } = cursor;
  if (token.kind !== "word" || (token.word !== "topk" && token.word !== "bottomk"))
    return cursor.unexpected(
      ["topk(n)", "bottomk(n)"],
      "after a metrics function come only topk, bottomk and comparisons: | rate() > 10",
    );
  cursor.take();
  cursor.expect("(");
  const count = cursor.expect("int", "a whole number");
  cursor.expect(")");
  const at = cursor.placeFrom(token.at.start);
  if (count.value < 1n || count.value > 1_000_000n)
    cursor.fail(count.at, `${token.word}() takes a number from 1 to 1000000`);
  return { kind: token.word, count: Number(count.value), at };
}

function parseRange(cursor: Cursor): RangeAggregate {
  const { token } = cursor;
  const name = (token.kind === "word" ? token.word : "") as RangeFunction;
  cursor.take();
  cursor.expect("(");
  const counts = name === "rate" || name === "count_over_time";
  if (counts && !cursor.is(")")) cursor.fail(cursor.token.at, `${name}() takes no argument`);
  const argument = counts ? undefined : parseReference(cursor);
  const quantiles = name === "quantile_over_time" ? parseQuantiles(cursor) : [];
  cursor.expect(")");
  const by = parseGrouping(cursor);
  const at = cursor.placeFrom(token.at.start);
  const base = { kind: "range", function: name, quantiles, by, at } as const;
  return argument === undefined ? base : { ...base, argument };
}

function parseGrouping(cursor: Cursor): FieldReference[] {
  if (!cursor.isWord("by")) return [];
  cursor.take();
  cursor.expect("(");
  const by = parseReferences(cursor);
  cursor.expect(")", ",");
  return by;
}

function parseQuantiles(cursor: Cursor): number[] {
  const quantiles: number[] = [];
  cursor.expect(",", "the quantiles");
  do {
    cursor.countTerm();
    const { at } = cursor.token;
    const token = cursor.accept("float") ?? cursor.accept("int");
    if (token === undefined) return cursor.unexpected(["a number from 0 to 1"]);
    const quantile = Number(token.value);
    if (quantile > 1) cursor.fail(at, "a quantile lies from 0 to 1", { hint: "p99 is 0.99" });
    quantiles.push(quantile);
  } while (cursor.accept(",") !== undefined);
  return quantiles;
}

function parseCompare(cursor: Cursor): Compare {
  const { start } = cursor.take().at;
  cursor.expect("(");
  const selection = parseFilterBraces(cursor);
  const numbers: bigint[] = [];
  while (cursor.accept(",") !== undefined) {
    const { at } = cursor.token;
    const value = parseInteger(cursor);
    if (numbers.length === 0 && (value < 1n || value > 1000n))
      cursor.fail(at, "compare() shows 1 to 1000 values of each attribute");
    numbers.push(value);
    if (numbers.length > 3) cursor.fail(at, "compare() takes at most four arguments");
  }
  cursor.expect(")", ",");
  const at = cursor.placeFrom(start);
  const [top, from, to] = numbers;
  const base = { kind: "compare", selection, top: Number(top ?? DEFAULT_TOP), at } as const;
  // Zeros stand for no window.
  if (from === undefined || (from === 0n && to === 0n)) return base;
  if (to === undefined || to <= from || from <= 0n)
    return cursor.fail(at, "compare() takes both start and end of the selection, start first", {
      hint: "nanoseconds since 1970: compare({ status = error }, 10, 1700000000000000000, 1700000600000000000)",
    });
  return { ...base, window: { start: from, end: to } };
}

function parseInteger(cursor: Cursor): bigint {
  const minus = cursor.accept("-");
  if (cursor.isWord("minInt")) {
    cursor.take();
    return MIN_INT;
  }
  const { value } = cursor.expect("int", "a whole number");
  return minus === undefined ? value : -value;
}
