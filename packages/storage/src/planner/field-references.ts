// Which attributes and intrinsics an expression names, and which of them one span can answer for.

import { ClewError } from "@clew/base";
import type {
  ArithmeticOperator,
  Attribute,
  FieldExpression,
  FieldReference,
  IntrinsicName,
} from "@clew/traceql";

/** Intrinsics that need other spans of the trace. */
const OF_TRACE: ReadonlySet<IntrinsicName> = new Set([
  "span:childCount",
  "trace:duration",
  "trace:rootName",
  "trace:rootService",
  "nestedSetLeft",
  "nestedSetRight",
  "nestedSetParent",
]);

/** The service's name: a column of the span, not an attribute of its resource. */
export function isService({ scope, name }: Attribute): boolean {
  return scope === "resource" && name === "service.name";
}

/** All references, left to right. */
export function referencesOf(expression: FieldExpression): readonly FieldReference[] {
  switch (expression.kind) {
    case "static":
      return [];
    case "attribute":
    case "intrinsic":
      return [expression];
    case "unary":
      return referencesOf(expression.operand);
    case "binary":
      return [...referencesOf(expression.left), ...referencesOf(expression.right)];
  }
}

/** Whether an expression looks at one span alone: no parent, root, trace-level or nested-set reference. */
export function isSpanLocal(expression: FieldExpression): boolean {
  return referencesOf(expression).every(isReferenceLocal);
}

/** @throws ClewError `bad_request` for an expression that needs more than one span. */
export function requireLocal(expression: FieldExpression): void {
  const far = referencesOf(expression).find((reference) => !isReferenceLocal(reference));
  if (far === undefined) return;
  throw new ClewError("bad_request", `${far.text} needs the whole trace and cannot be used here`, {
    hint: `at character ${far.at.start + 1}`,
  });
}

/** Powers of powers: each stands inside the next, and the engine plans them in the cube of their number. */
const MAX_POWERS = 16;

/** @throws ClewError `bad_request` for an expression that takes the engine seconds to plan. */
export function requireFewPowers(expression: FieldExpression): void {
  const powers = powersOf(expression);
  const far = powers[MAX_POWERS];
  if (far === undefined) return;
  throw new ClewError("bad_request", `an expression takes at most ${MAX_POWERS} powers (^)`, {
    hint: `at character ${far.at.start + 1}`,
  });
}

function powersOf(expression: FieldExpression): readonly FieldExpression[] {
  if (expression.kind === "unary") return powersOf(expression.operand);
  if (expression.kind !== "binary") return [];
  const { operator, left, right } = expression;
  const inside = [...powersOf(left), ...powersOf(right)];
  return operator === "^" ? [expression, ...inside] : inside;
}

function isReferenceLocal(reference: FieldReference): boolean {
  if (reference.owner !== "self") return false;
  return reference.kind === "attribute" || !OF_TRACE.has(reference.name);
}

/** Arrays inside a span whose elements a reference speaks of one by one. */
export type Many = "event" | "link";

/**
 * References that a comparison of this side looks at itself: a comparison inside of it is a value of its own,
 * for which events and links are chosen apart.
 */
export function comparedReferences(side: FieldExpression): readonly FieldReference[] {
  switch (side.kind) {
    case "static":
      return [];
    case "attribute":
    case "intrinsic":
      return [side];
    case "unary":
      return side.operator === "!" ? [] : comparedReferences(side.operand);
    case "binary":
      if (!isArithmetic(side.operator)) return [];
      return [...comparedReferences(side.left), ...comparedReferences(side.right)];
  }
}

export function isArithmetic(operator: string): operator is ArithmeticOperator {
  return operator.length === 1 && "+-*/%^".includes(operator);
}

export function manyOf(reference: FieldReference): Many | undefined {
  const scope =
    reference.kind === "attribute" ? reference.scope : reference.name.replace(/:.*$/, "");
  return scope === "event" || scope === "link" ? scope : undefined;
}
