// Whose span a field expression is about: what is about one span only, be it the span itself, its parent or
// the trace's root, is a condition that the engine can answer on that span's row.

import type { FieldExpression, FieldReference, Intrinsic } from "@clew/traceql";
import { referencesOf } from "../field-references.ts";

/** `anyone`: names nothing. `several`: more than one span, or what only the whole trace knows. */
export type Home = "anyone" | "self" | "parent" | "root" | "several";

export type Computed =
  | "trace:duration"
  | "span:childCount"
  | "nestedSetLeft"
  | "nestedSetRight"
  | "nestedSetParent";

const COMPUTED: ReadonlySet<string> = new Set<Computed>([
  "trace:duration",
  "span:childCount",
  "nestedSetLeft",
  "nestedSetRight",
  "nestedSetParent",
]);

/** What has to be worked out from the whole trace; undefined for what a row of `spans` knows. */
export function computedOf(reference: FieldReference): Computed | undefined {
  return reference.kind === "intrinsic" && COMPUTED.has(reference.name)
    ? (reference.name as Computed)
    : undefined;
}

export function homeOf(expression: FieldExpression): Home {
  let home: Home = "anyone";
  for (const reference of referencesOf(expression)) {
    const next = homeOfReference(reference);
    if (next === "several" || (home !== "anyone" && home !== next)) return "several";
    home = next;
  }
  return home;
}

export function homeOfReference(reference: FieldReference): "self" | "parent" | "root" | "several" {
  if (computedOf(reference) !== undefined) return "several";
  return rootIntrinsic(reference) === undefined ? reference.owner : "root";
}

/** The same expression about the span itself, wherever it was about another one. */
export function asSelf(expression: FieldExpression): FieldExpression {
  switch (expression.kind) {
    case "static":
      return expression;
    case "attribute":
    case "intrinsic":
      return referenceAsSelf(expression);
    case "unary":
      return { ...expression, operand: asSelf(expression.operand) };
    case "binary":
      return { ...expression, left: asSelf(expression.left), right: asSelf(expression.right) };
  }
}

export function referenceAsSelf(reference: FieldReference): FieldReference {
  const ofRoot = rootIntrinsic(reference);
  if (ofRoot !== undefined) return ofRoot;
  return reference.owner === "self" ? reference : { ...reference, owner: "self" };
}

/** `trace:rootName` and `trace:rootService` are the name and the service of the root span. */
function rootIntrinsic(reference: FieldReference): FieldReference | undefined {
  if (reference.kind !== "intrinsic") return undefined;
  const { at, text } = reference;
  if (reference.name === "trace:rootName")
    return { kind: "intrinsic", owner: "self", name: "span:name", at, text } satisfies Intrinsic;
  if (reference.name !== "trace:rootService") return undefined;
  return { kind: "attribute", owner: "self", scope: "resource", name: "service.name", at, text };
}
