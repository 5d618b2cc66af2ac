// Field expressions as functions over the spans of a trace. Whatever is about one span is left to the engine
// and read from a bit; only what compares a span with its parent, its root or its whole trace is worked out
// here.

import type {
  ComparisonOperator,
  FieldBinary,
  FieldExpression,
  FieldReference,
} from "@clew/traceql";
import { manyOf, referencesOf } from "../field-references.ts";
import { anyChoiceTest, mayBeMany, ownReferences, tiedParts } from "./choices.ts";
import {
  asSelf,
  type Computed,
  computedOf,
  homeOf,
  homeOfReference,
  referenceAsSelf,
} from "./field-home.ts";
import type { Leaves } from "./leaves.ts";
import { type Owner, ownerRow, type Term, type Test } from "./terms.ts";
import type { TraceView } from "./trace-view.ts";
import { compare, compute, literal, NIL, negate, type Value } from "./values.ts";

/** `isPure`: whether the whole filter is a conjunction, so that its conditions on events are about one event. */
export function compileTest(
  expression: FieldExpression,
  leaves: Leaves,
  isPure: boolean = isPureConjunction(expression),
): Test {
  const home = homeOf(expression);
  if (home !== "several" && !mustSplit(expression, isPure))
    return singleTest(expression, home === "anyone" ? "self" : home, leaves);
  if (expression.kind === "binary") {
    const { operator } = expression;
    if (operator === "&&" || operator === "||")
      return logicTest(expression, operator, leaves, isPure);
    if (isComparison(operator)) return comparisonTest(expression, operator, leaves);
  }
  if (expression.kind === "unary" && expression.operator === "!") {
    const holds = compileTest(expression.operand, leaves, isPure);
    return (trace, row) => !holds(trace, row);
  }
  const term = compileTerm(expression, leaves);
  return (trace, row) => {
    const value = term(trace, row);
    return value.type === "bool" && value.value;
  };
}

export function compileTerm(expression: FieldExpression, leaves: Leaves): Term {
  switch (expression.kind) {
    case "static": {
      const value = literal(expression);
      return () => value;
    }
    case "attribute":
    case "intrinsic":
      return referenceTerm(expression, leaves);
    case "unary":
      if (expression.operator === "-") {
        const operand = compileTerm(expression.operand, leaves);
        return (trace, row) => negate(operand(trace, row));
      }
      return truthTerm(compileTest(expression, leaves));
    case "binary": {
      const { operator } = expression;
      if (operator === "&&" || operator === "||" || isComparison(operator))
        return truthTerm(compileTest(expression, leaves));
      const left = compileTerm(expression.left, leaves);
      const right = compileTerm(expression.right, leaves);
      return (trace, row) => compute(operator, left(trace, row), right(trace, row));
    }
  }
}

function truthTerm(test: Test): Term {
  const yes: Value = { type: "bool", value: true };
  const no: Value = { type: "bool", value: false };
  return (trace, row) => (test(trace, row) ? yes : no);
}

function singleTest(expression: FieldExpression, owner: Owner, leaves: Leaves): Test {
  if (expression.kind === "static") {
    const holds = expression.type === "bool" && expression.value;
    return () => holds;
  }
  const number = leaves.condition(asSelf(expression));
  const word = number >>> 5;
  const mask = (1 << (number & 31)) >>> 0;
  const isSet = ({ columns, from }: TraceView, row: number): boolean =>
    (((columns.bits[word] as Uint32Array)[from + row] as number) & mask) !== 0;
  if (owner === "self") return isSet;
  leaves.needsAllSpans = true;
  const without = holdsWithoutSpan(expression);
  return (trace, row) => {
    const other = ownerRow(trace, row, owner);
    return other < 0 ? without : isSet(trace, other);
  };
}

/** Whether a condition holds where its span is not there, so that everything it names is nil. */
export function holdsWithoutSpan(expression: FieldExpression): boolean {
  return truthWithoutSpan(expression) === true;
}

/** undefined for nil, of which `!` makes nothing. */
function truthWithoutSpan(expression: FieldExpression): boolean | undefined {
  if (expression.kind === "static")
    return expression.type === "bool" ? expression.value : undefined;
  if (expression.kind === "unary") {
    const truth = expression.operator === "!" ? truthWithoutSpan(expression.operand) : undefined;
    return truth === undefined ? undefined : !truth;
  }
  if (expression.kind !== "binary") return undefined;
  const { operator, left, right } = expression;
  if (operator === "&&") return holdsWithoutSpan(left) && holdsWithoutSpan(right);
  if (operator === "||") return holdsWithoutSpan(left) || holdsWithoutSpan(right);
  if (!isComparison(operator)) return undefined;
  // Without the span there is no event that could lack anything.
  if (referencesOf(expression).some((reference) => manyOf(reference) !== undefined)) return false;
  return operator === "=" && (isNil(left) || isNil(right));
}

/**
 * The parts of a conjunction that are about one and the same span stay one condition: those on events must
 * hold for the same event. With an `||` in the filter each condition is on its own.
 */
function logicTest(
  expression: FieldBinary,
  operator: "&&" | "||",
  leaves: Leaves,
  isPure: boolean,
): Test {
  const parts: FieldExpression[] = [];
  flatten(expression, operator, parts);
  const tied = operator === "&&" && isPure ? tiedParts(parts) : new Set<FieldExpression>();
  const loose = parts.filter((part) => !tied.has(part));
  const grouped = operator === "||" || isPure ? byHome(loose, operator) : loose;
  const tests = grouped.map((part) => compileTest(part, leaves, isPure));
  if (tied.size > 0) tests.push(anyChoiceTest([...tied], leaves, compileTerm));
  return operator === "&&"
    ? (trace, row) => tests.every((holds) => holds(trace, row))
    : (trace, row) => tests.some((holds) => holds(trace, row));
}

export function flatten(
  expression: FieldExpression,
  operator: "&&" | "||",
  into: FieldExpression[],
): void {
  if (expression.kind !== "binary" || expression.operator !== operator) {
    into.push(expression);
    return;
  }
  flatten(expression.left, operator, into);
  flatten(expression.right, operator, into);
}

/** Whether a conjunction stands in a filter that has an `||` elsewhere: the engine would take it for a whole one. */
export function mustSplit(expression: FieldExpression, isPure: boolean): boolean {
  const isConjunction = expression.kind === "binary" && expression.operator === "&&";
  return !isPure && isConjunction && isPureConjunction(expression);
}

export function isPureConjunction(expression: FieldExpression): boolean {
  if (expression.kind === "unary") return isPureConjunction(expression.operand);
  if (expression.kind !== "binary") return true;
  const { operator, left, right } = expression;
  return operator !== "||" && isPureConjunction(left) && isPureConjunction(right);
}

function byHome(parts: readonly FieldExpression[], operator: "&&" | "||"): FieldExpression[] {
  const single = new Map<string, FieldExpression>();
  const several: FieldExpression[] = [];
  for (const part of parts) {
    const home = homeOf(part);
    const before = single.get(home);
    if (home === "several") several.push(part);
    else if (before === undefined) single.set(home, part);
    else single.set(home, { kind: "binary", operator, left: before, right: part, at: part.at });
  }
  return [...single.values(), ...several];
}

function comparisonTest(
  comparison: FieldBinary,
  operator: ComparisonOperator,
  leaves: Leaves,
): Test {
  const { left, right } = comparison;
  // A pattern meets strings, and all strings that a trace has are some span's.
  if (operator === "=~" || operator === "!~") return () => false;
  if (isNil(left) || isNil(right)) {
    const term = compileTerm(isNil(left) ? right : left, leaves);
    return (trace, row) => (term(trace, row).type === "nil") === (operator === "=");
  }
  if (ownReferences(comparison).some(mayBeMany))
    return anyChoiceTest([comparison], leaves, compileTerm);
  const x = compileTerm(left, leaves);
  const y = compileTerm(right, leaves);
  return (trace, row) => compare(operator, x(trace, row), y(trace, row));
}

function referenceTerm(reference: FieldReference, leaves: Leaves): Term {
  const computed = computedOf(reference);
  const { owner } = reference;
  if (computed !== undefined) {
    leaves.needsAllSpans = true;
    if (computed === "trace:duration")
      return (trace) => ({ type: "duration", value: trace.durationNano });
    return atOwner(owner, (trace, row) => ({
      type: "int",
      value: BigInt(computedNumber(trace, row, computed)),
    }));
  }
  const home = homeOfReference(reference) as Owner;
  if (home !== "self") leaves.needsAllSpans = true;
  if (reference.kind === "intrinsic" && reference.name === "span:duration")
    return atOwner(home, (trace, row) => ({
      type: "duration",
      value: trace.spanDurationNano(row),
    }));
  const number = leaves.value(referenceAsSelf(reference));
  return atOwner(home, ({ columns, from }, row) => {
    const id = (columns.values[number] as Uint32Array)[from + row] as number;
    return columns.dictionary[id] as Value;
  });
}

function atOwner(owner: Owner, term: Term): Term {
  if (owner === "self") return term;
  return (trace, row) => {
    const other = ownerRow(trace, row, owner);
    return other < 0 ? NIL : term(trace, other);
  };
}

function computedNumber(
  { kinship }: TraceView,
  row: number,
  name: Exclude<Computed, "trace:duration">,
): number {
  switch (name) {
    case "span:childCount":
      return kinship.childCount(row);
    case "nestedSetLeft":
      return kinship.nestedSetLeft(row);
    case "nestedSetRight":
      return kinship.nestedSetRight(row);
    case "nestedSetParent":
      return kinship.nestedSetParent(row);
  }
}

function isNil(expression: FieldExpression): boolean {
  return expression.kind === "static" && expression.type === "nil";
}

function isComparison(operator: FieldBinary["operator"]): operator is ComparisonOperator {
  return ["=", "!=", "<", "<=", ">", ">=", "=~", "!~"].includes(operator);
}
