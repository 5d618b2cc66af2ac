// Scalar filters: aggregates over the spans of a spanset, arithmetic between them, and comparisons.

import {
  type Aggregate,
  type AggregateFunction,
  type Pipeline,
  printField,
  type ScalarExpression,
  type ScalarFilter,
} from "@clew/traceql";
import { fold } from "../field-fold.ts";
import { compileTerm } from "./compile-field.ts";
import type { Leaves } from "./leaves.ts";
import { type CompiledPipeline, rowsOf, type Spanset, wholeTrace } from "./spanset.ts";
import type { Rows } from "./structural.ts";
import type { Term } from "./terms.ts";
import type { TraceView } from "./trace-view.ts";
import { compare, compute, literal, NIL, numberOf, type Value } from "./values.ts";

/** The value for a spanset; notes each aggregate that it worked out on the way. */
type Scalar = (trace: TraceView, rows: Rows, noted: Map<string, Value>) => Value;

type CompilePipeline = (pipeline: Pipeline, leaves: Leaves) => CompiledPipeline;

/** Keeps the spansets for which the filter holds, with the values that it is about. */
export function compileScalarFilter(
  { left, operator, right }: ScalarFilter,
  leaves: Leaves,
  compilePipeline: CompilePipeline,
): (trace: TraceView, spansets: readonly Spanset[]) => readonly Spanset[] {
  const x = compileScalar(left, leaves, compilePipeline);
  const y = compileScalar(right, leaves, compilePipeline);
  return (trace, spansets) =>
    spansets.flatMap(({ rows, values }) => {
      const noted = new Map<string, Value>();
      if (!compare(operator, x(trace, rows, noted), y(trace, rows, noted))) return [];
      const found = Array.from(noted, ([name, value]) => ({ name, value }));
      return [{ rows, values: [...values, ...found] }];
    });
}

/** `count()`, `avg(duration)`: how the spanset's value is called. */
export function aggregateName({ function: name, argument }: Aggregate): string {
  return `${name}(${argument === undefined ? "" : printField(argument)})`;
}

function compileScalar(
  expression: ScalarExpression,
  leaves: Leaves,
  compilePipeline: CompilePipeline,
): Scalar {
  switch (expression.kind) {
    case "static": {
      const value = literal(expression);
      return () => value;
    }
    case "scalars": {
      const { operator } = expression;
      const left = compileScalar(expression.left, leaves, compilePipeline);
      const right = compileScalar(expression.right, leaves, compilePipeline);
      return (trace, rows, noted) =>
        compute(operator, left(trace, rows, noted), right(trace, rows, noted));
    }
    case "aggregate":
      return compileAggregate(expression, leaves, compilePipeline);
  }
}

function compileAggregate(
  expression: Aggregate,
  leaves: Leaves,
  compilePipeline: CompilePipeline,
): Scalar {
  const { argument } = expression;
  const term = argument === undefined ? undefined : compileTerm(fold(argument), leaves);
  if (expression.of !== undefined) {
    leaves.needsAllSpans = true;
    const run = compilePipeline(expression.of, leaves);
    // Once a trace, however many groups ask for it.
    let opened = 0;
    let value = NIL;
    return (trace) => {
      if (trace.opened !== opened) {
        value = aggregate(expression.function, term, trace, rowsOf(run(trace, wholeTrace(trace))));
        opened = trace.opened;
      }
      return value;
    };
  }
  const name = aggregateName(expression);
  return (trace, rows, noted) => {
    const value = aggregate(expression.function, term, trace, rows);
    noted.set(name, value);
    return value;
  };
}

function aggregate(
  name: AggregateFunction,
  term: Term | undefined,
  trace: TraceView,
  rows: Rows,
): Value {
  if (name === "count" || term === undefined) return { type: "int", value: BigInt(rows.length) };
  const sums = new NumberSums();
  for (const row of rows) sums.add(term(trace, row));
  return sums.value(name);
}

/** Adds up numbers, exactly as long as all are ints or all are durations; other values are passed over. */
class NumberSums {
  #type: "int" | "duration" | "float" | undefined;
  #count = 0;
  #whole = 0n;
  #float = 0;
  #least: Value = NIL;
  #most: Value = NIL;

  add(value: Value): void {
    const number = numberOf(value);
    if (number === undefined) return;
    const type = value.type as "int" | "duration" | "float";
    this.#type = this.#type === undefined || this.#type === type ? type : "float";
    this.#count++;
    if (typeof number === "bigint") this.#whole += number;
    else this.#float += number;
    if (this.#least === NIL || compare("<", value, this.#least)) this.#least = value;
    if (this.#most === NIL || compare(">", value, this.#most)) this.#most = value;
  }

  /** nil when there was no number. An average of ints is a float, one of durations a duration. */
  value(name: Exclude<AggregateFunction, "count">): Value {
    if (this.#type === undefined) return NIL;
    if (name === "min") return this.#least;
    if (name === "max") return this.#most;
    const isWhole = this.#type !== "float";
    if (name === "sum" && isWhole) return { type: this.#type, value: this.#whole } as Value;
    if (this.#type === "duration")
      return { type: "duration", value: this.#whole / BigInt(this.#count) };
    const sum = Number(this.#whole) + this.#float;
    return { type: "float", value: name === "sum" ? sum : sum / this.#count };
  }
}
