// Comparisons between spans in which events or links come in: `event.x = parent.span.y`. They hold where they
// hold for any event, so that the values of all are read, and each choice of one event and one link of each
// span is tried. Conditions that must hold for the same event are tried together.

import { ClewError } from "@clew/base";
import type { ComparisonOperator, FieldExpression, FieldReference } from "@clew/traceql";
import { comparedReferences, isArithmetic, type Many, manyOf } from "../field-references.ts";
import { asSelf, homeOf, referenceAsSelf } from "./field-home.ts";
import type { Leaves } from "./leaves.ts";
import { type Owner, ownerRow, type Term, type Test } from "./terms.ts";
import type { TraceView } from "./trace-view.ts";
import { compare, compute, literal, NIL, negate, type Value } from "./values.ts";

/** Choices of events and links for one span; more than that nobody waits for. */
const MAX_CHOICES = 1_000_000;
const OWNERS: readonly Owner[] = ["self", "parent", "root"];
const MANY: readonly Many[] = ["event", "link"];

/** The number of the event or link that is looked at, for each owner and kind. */
type Choice = Uint32Array;
type ChosenTerm = (trace: TraceView, row: number, choice: Choice) => Value;
type CompileTerm = (expression: FieldExpression, leaves: Leaves) => Term;

/** A column of lists that the tests read. */
interface Use {
  readonly owner: Owner;
  readonly number: number;
  /** Whether nothing holds without an event (link): an unscoped attribute may lie elsewhere. */
  readonly isScoped: boolean;
}

/** References that a comparison, `.x` or `!.x` looks at itself. */
export function ownReferences(part: FieldExpression): readonly FieldReference[] {
  if (part.kind === "unary")
    return isReference(part.operand) ? [part.operand] : comparedReferences(part);
  if (part.kind !== "binary") return comparedReferences(part);
  return [...comparedReferences(part.left), ...comparedReferences(part.right)];
}

/** Whether a value may lie on events or links. */
export function mayBeMany(reference: FieldReference): boolean {
  return isUnscoped(reference) || manyOf(reference) !== undefined;
}

/**
 * Of a conjunction the parts that must hold for the same event (link) as one that is about several spans.
 * `!( )` around a comparison is about all events.
 */
export function tiedParts(parts: readonly FieldExpression[]): ReadonlySet<FieldExpression> {
  const tied = new Set<FieldExpression>();
  const slots = new Set<number>();
  for (let before = -1; before !== tied.size; ) {
    before = tied.size;
    for (const part of parts) {
      const own = scopedSlots(part);
      const isTied = homeOf(part) === "several" || own.some((slot) => slots.has(slot));
      if (own.length === 0 || !isTied) continue;
      tied.add(part);
      for (const slot of own) slots.add(slot);
    }
  }
  return tied;
}

function scopedSlots(part: FieldExpression): number[] {
  if (part.kind === "unary" && !isReference(part.operand)) return [];
  return ownReferences(part).flatMap((reference) => {
    const many = manyOf(reference);
    return many === undefined ? [] : [slotOf(reference.owner, many)];
  });
}

function slotOf(owner: Owner, many: Many): number {
  return OWNERS.indexOf(owner) * MANY.length + MANY.indexOf(many);
}

/** Whether there is a choice for which all parts hold. */
export function anyChoiceTest(
  parts: readonly FieldExpression[],
  leaves: Leaves,
  compileTerm: CompileTerm,
): Test {
  const uses: Use[] = [];
  const terms = parts.map((part) => partTerm(part, leaves, uses, compileTerm));
  const choice = new Uint32Array(OWNERS.length * MANY.length);
  const counts = new Uint32Array(choice.length);
  return (trace, row) => {
    if (!countChoices(trace, row, uses, counts)) return false;
    choice.fill(0);
    do {
      if (terms.every((term) => isTrue(term(trace, row, choice)))) return true;
    } while (nextChoice(choice, counts));
    return false;
  };
}

function isTrue(value: Value): boolean {
  return value.type === "bool" && value.value;
}

/** False where there is no choice. */
function countChoices(
  trace: TraceView,
  row: number,
  uses: readonly Use[],
  counts: Uint32Array,
): boolean {
  counts.fill(1);
  for (const { owner, number, isScoped } of uses) {
    const list = listAt(trace, row, owner, number);
    const place = list?.[0];
    if (list === undefined || place?.type !== "string") {
      if (isScoped) return false;
      continue;
    }
    if (place.value !== "one") counts[slotOf(owner, place.value as Many)] = list.length - 1;
  }
  const all = counts.reduce((product, count) => product * count, 1);
  if (all > MAX_CHOICES) {
    throw new ClewError("limit_exceeded", "a span has too many events or links to compare", {
      hint: "compare with fields of the span, or add a condition that such spans do not meet",
    });
  }
  return all > 0;
}

function nextChoice(choice: Choice, counts: Uint32Array): boolean {
  for (let slot = 0; slot < choice.length; slot++) {
    const next = (choice[slot] as number) + 1;
    if (next < (counts[slot] as number)) {
      choice[slot] = next;
      return true;
    }
    choice[slot] = 0;
  }
  return false;
}

/** The place ("event", "link", "one") and then the values that a column of lists has for the owner's span. */
function listAt(
  trace: TraceView,
  row: number,
  owner: Owner,
  number: number,
): readonly Value[] | undefined {
  const other = ownerRow(trace, row, owner);
  if (other < 0) return undefined;
  const { columns, from } = trace;
  const id = (columns.choices[number] as Uint32Array)[from + other] as number;
  const list = columns.dictionary[id];
  return list?.type === "array" ? list.value : undefined;
}

function listTerm(
  owner: Owner,
  expression: FieldExpression,
  leaves: Leaves,
  uses: Use[],
): ChosenTerm {
  if (owner !== "self") leaves.needsAllSpans = true;
  const number = leaves.choice(expression);
  uses.push({ owner, number, isScoped: !isUnscoped(expression) });
  return (trace, row, choice) => {
    const list = listAt(trace, row, owner, number);
    const place = list?.[0];
    if (list === undefined || place?.type !== "string") return NIL;
    const at = place.value === "one" ? 0 : (choice[slotOf(owner, place.value as Many)] as number);
    return list[1 + at] ?? NIL;
  };
}

function partTerm(
  part: FieldExpression,
  leaves: Leaves,
  uses: Use[],
  compileTerm: CompileTerm,
): ChosenTerm {
  const references = ownReferences(part);
  const slots = new Set(scopedSlots(part));
  const home = homeOf(part);
  // The engine answers it for each event.
  if (slots.size === 1 && home !== "several" && home !== "anyone" && !references.some(isUnscoped))
    return listTerm(home, asSelf(part), leaves, uses);
  if (part.kind !== "binary" || isArithmetic(part.operator))
    return chosenTerm(part, leaves, uses, compileTerm);
  const x = chosenTerm(part.left, leaves, uses, compileTerm);
  const y = chosenTerm(part.right, leaves, uses, compileTerm);
  const operator = part.operator as ComparisonOperator;
  // A pattern stands against one field, which the engine compares.
  if (operator === "=~" || operator === "!~") return () => NIL;
  return (trace, row, choice) => ({
    type: "bool",
    value: compare(operator, x(trace, row, choice), y(trace, row, choice)),
  });
}

function chosenTerm(
  expression: FieldExpression,
  leaves: Leaves,
  uses: Use[],
  compileTerm: CompileTerm,
): ChosenTerm {
  if (expression.kind === "static") {
    const value = literal(expression);
    return () => value;
  }
  if (isReference(expression) && mayBeMany(expression))
    return listTerm(expression.owner, referenceAsSelf(expression), leaves, uses);
  if (expression.kind === "unary" && expression.operator === "-") {
    const operand = chosenTerm(expression.operand, leaves, uses, compileTerm);
    return (trace, row, choice) => negate(operand(trace, row, choice));
  }
  if (expression.kind === "binary" && isArithmetic(expression.operator)) {
    const { operator } = expression;
    const x = chosenTerm(expression.left, leaves, uses, compileTerm);
    const y = chosenTerm(expression.right, leaves, uses, compileTerm);
    return (trace, row, choice) => compute(operator, x(trace, row, choice), y(trace, row, choice));
  }
  return compileTerm(expression, leaves);
}

function isReference(expression: FieldExpression): expression is FieldReference {
  return expression.kind === "attribute" || expression.kind === "intrinsic";
}

function isUnscoped(expression: FieldExpression): boolean {
  return expression.kind === "attribute" && expression.scope === "any";
}
