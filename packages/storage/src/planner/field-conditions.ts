// Conditions of TraceQL as SQL over table `spans`. A comparison with a literal looks only at the places of
// the literal's type; one of two values known only row by row looks at every pair of types that compare.

import type { Attribute, ComparisonOperator, FieldExpression, FieldReference } from "@clew/traceql";
import type { Part } from "../read/attribute-parts.ts";
import type { SqlParameters } from "../read/sql-parameters.ts";
import { isStatic } from "./field-fold.ts";
import type { ContentTable } from "./field-knowledge.ts";
import { allOf, anyOf, FALSE, not, TRUE } from "./field-logic.ts";
import { arithmetic, bind, type NumberSql, numberOf } from "./field-numbers.ts";
import { type FieldPlaces, type Frame, MANY_COLUMNS, openFrame } from "./field-places.ts";
import {
  comparedReferences,
  isArithmetic,
  isService,
  type Many,
  manyOf,
} from "./field-references.ts";
import {
  boolTest,
  compareParts,
  compareTyped,
  flipped,
  keyOf,
  MAX_PAIRS,
  partsMeet,
  staticSql,
  type Test,
} from "./field-tests.ts";
import { partsOfPair, typedOf } from "./field-typed.ts";

const IS_TRUE = boolTest(true);
const IS_FALSE = boolTest(false);
const MANY: readonly Many[] = ["event", "link"];
/** A number of more places than one map's is looked for once, and named. */
const MAX_PARTS = 6;

export class FieldConditions {
  readonly #places: FieldPlaces;

  constructor(places: FieldPlaces) {
    this.#places = places;
  }

  /** UInt8: whether the expression is the boolean true. */
  holds(expression: FieldExpression, frame: Frame): string {
    switch (expression.kind) {
      case "static":
        return expression.type === "bool" && expression.value ? TRUE : FALSE;
      case "attribute":
      case "intrinsic":
        return this.meets(expression, IS_TRUE, frame);
      case "unary":
        return expression.operator === "!" ? this.#fails(expression.operand, frame) : FALSE;
      case "binary":
        break;
    }
    const { operator, left, right } = expression;
    switch (operator) {
      case "&&":
        return allOf([this.holds(left, frame), this.holds(right, frame)]);
      case "||":
        return this.#either(alternatives(expression), frame);
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
      case "^":
        return FALSE;
      default:
        return this.#compare(left, operator, right, frame);
    }
  }

  /** UInt8: whether the expression is the boolean false; a value that is no boolean is neither. */
  #fails(expression: FieldExpression, frame: Frame): string {
    switch (expression.kind) {
      case "static":
        return expression.type === "bool" && !expression.value ? TRUE : FALSE;
      case "attribute":
      case "intrinsic":
        return this.meets(expression, IS_FALSE, frame);
      case "unary":
        return expression.operator === "!" ? this.holds(expression.operand, frame) : FALSE;
      case "binary":
        return isBoolean(expression) ? not(this.holds(expression, frame)) : FALSE;
    }
  }

  /** `||` of many: equal strings of one reference become one IN. */
  #either(expressions: readonly FieldExpression[], frame: Frame): string {
    const conditions: string[] = [];
    const equals = new Map<string, { reference: FieldReference; values: string[] }>();
    for (const expression of expressions) {
      const equal = stringEquality(expression);
      if (equal === undefined) {
        conditions.push(this.holds(expression, frame));
        continue;
      }
      const { reference, value } = equal;
      const key = JSON.stringify([reference.kind, reference.name, manyScope(reference)]);
      const known = equals.get(key);
      if (known === undefined) equals.set(key, { reference, values: [value] });
      else if (!known.values.includes(value)) known.values.push(value);
    }
    for (const { reference, values } of equals.values())
      conditions.push(this.meets(reference, { operator: "in", values }, frame));
    return anyOf(conditions);
  }

  #compare(
    left: FieldExpression,
    operator: ComparisonOperator,
    right: FieldExpression,
    frame: Frame,
  ): string {
    if (isStatic(left) && !isStatic(right))
      return this.#compare(right, flipped(operator), left, frame);
    if (isReference(left) && isStatic(right)) {
      if (right.type !== "nil") return this.meets(left, { operator, literal: right }, frame);
      if (operator === "!=") return this.meets(left, { operator: "exists" }, frame);
      return operator === "=" ? this.#lacks(left, frame) : FALSE;
    }
    const compared = [...comparedReferences(left), ...comparedReferences(right)];
    const loose = compared.find((one) => this.#mayLieInMany(one, frame));
    if (loose !== undefined) return this.#compareLoose(left, operator, right, loose, frame);
    const many = MANY.find(
      (one) => !frame.bound.has(one) && compared.some((reference) => manyOf(reference) === one),
    );
    if (many === undefined) return this.#compareValues(left, operator, right, frame);
    return this.anyOfMany(many, frame, (inner) => this.#compare(left, operator, right, inner));
  }

  #mayLieInMany(reference: FieldReference, { plain }: Frame): reference is Attribute {
    if (reference.kind !== "attribute" || reference.scope !== "any") return false;
    return !plain.has(reference.name) && MANY.some((many) => this.#places.mayHave(many, reference));
  }

  /** A comparison with an unscoped attribute: of one that is found on events any of them counts, links alike. */
  #compareLoose(
    left: FieldExpression,
    operator: ComparisonOperator,
    right: FieldExpression,
    loose: Attribute,
    frame: Frame,
  ): string {
    const plain = { ...frame, plain: new Set([...frame.plain, loose.name]) };
    const found = [this.#compare(left, operator, right, plain)];
    const open = openFrame(frame.parameters);
    const has = (scope: Attribute["scope"]): string => this.#places.has({ ...loose, scope }, open);
    const above = [not(has("span")), not(has("resource"))];
    for (const many of MANY) {
      if (!this.#places.mayHave(many, loose)) continue;
      const [a, b] = [rescoped(left, loose.name, many), rescoped(right, loose.name, many)];
      found.push(allOf([...above, this.#compare(a, operator, b, frame)]));
      above.push(not(has(many)));
    }
    return anyOf(found);
  }

  /** UInt8: whether the condition holds for any event (link) of the span. */
  anyOfMany(many: Many, frame: Frame, condition: (inner: Frame) => string): string {
    const inner = condition({ ...frame, bound: new Set([...frame.bound, many]) });
    if (inner === FALSE) return FALSE;
    const used = Object.entries(MANY_COLUMNS[many]).filter(([name]) => inner.includes(name));
    if (used.length === 0) return allOf([`notEmpty(${many}s)`, inner]);
    const names = used.map(([name]) => name).join(", ");
    return `arrayExists((${names}) -> ${inner}, ${used.map(([, column]) => column).join(", ")})`;
  }

  #lacks(reference: FieldReference, frame: Frame): string {
    const many = manyOf(reference);
    if (many === undefined || frame.bound.has(many))
      return not(this.meets(reference, { operator: "exists" }, frame));
    return this.anyOfMany(many, frame, (inner) => this.#lacks(reference, inner));
  }

  /** UInt8: whether the value of a reference, or of any event or link that it speaks of, meets a test. */
  meets(reference: FieldReference, test: Test, frame: Frame): string {
    const many = manyOf(reference);
    if (many !== undefined && !frame.bound.has(many))
      return this.anyOfMany(many, frame, (inner) => this.meets(reference, test, inner));
    if (test.operator === "exists") return this.#places.has(reference, frame);
    if (reference.kind === "intrinsic") {
      const scope = /^instrumentation:(name|version)$/.exec(reference.name);
      if (scope !== null) return this.#scopeMeets(scope[1] as "name" | "version", test, frame);
      return partsMeet(this.#places.parts(reference, frame), test, frame.parameters);
    }
    if (reference.scope === "any") return this.#unscopedMeets(reference, test, frame);
    if (reference.scope === "instrumentation")
      return this.#contentMeets("scopes", reference, test, frame);
    if (reference.scope === "resource" && !isService(reference))
      return this.#contentMeets("resources", reference, test, frame);
    return partsMeet(this.#places.parts(reference, frame), test, frame.parameters);
  }

  /** Down the scopes: each counts where none before it has the attribute. */
  #unscopedMeets(reference: Attribute, test: Test, frame: Frame): string {
    let condition = FALSE;
    for (const scope of this.#places.scopesOf(reference).toReversed()) {
      const scoped = { ...reference, scope };
      const below =
        condition === FALSE
          ? FALSE
          : allOf([not(this.meets(scoped, { operator: "exists" }, frame)), condition]);
      condition = anyOf([this.meets(scoped, test, frame), below]);
    }
    return condition;
  }

  #contentMeets(table: ContentTable, { name }: Attribute, test: Test, frame: Frame): string {
    if (this.#places.isNoContent(table, name)) return FALSE;
    const build = (parameters: SqlParameters): string =>
      partsMeet(this.#places.contentParts(table, name, parameters), test, parameters);
    return this.#places.content({ table, key: keyOf(["attribute", name], test), build }, frame);
  }

  #scopeMeets(column: "name" | "version", test: Test, frame: Frame): string {
    const parts: readonly Part[] = [{ type: "string", value: column, present: TRUE }];
    const build = (parameters: SqlParameters): string => partsMeet(parts, test, parameters);
    return this.#places.content(
      { table: "scopes", key: keyOf(["column", column], test), build },
      frame,
    );
  }

  #compareValues(
    left: FieldExpression,
    operator: ComparisonOperator,
    right: FieldExpression,
    frame: Frame,
  ): string {
    const a = this.#parts(left, frame);
    const b = this.#parts(right, frame);
    if (Math.min(a.length, b.length) > 1 && a.length * b.length > MAX_PAIRS)
      return compareTyped(
        this.#typed(left, a, frame),
        operator,
        this.#typed(right, b, frame),
        frame.parameters,
      );
    const numbers = [this.number(left, frame), this.number(right, frame)] as const;
    return compareParts(a, operator, b, numbers, frame.parameters);
  }

  #typed(expression: FieldExpression, parts: readonly Part[], frame: Frame): string {
    return isReference(expression) ? this.#places.typed(expression, frame) : typedOf(parts);
  }

  /** The places of an expression's value; of an arithmetic one none, which is a number. */
  #parts(expression: FieldExpression, frame: Frame): readonly Part[] {
    if (isReference(expression)) return this.#places.parts(expression, frame);
    if (isStatic(expression)) {
      const value = staticSql(expression, frame.parameters);
      return value === undefined ? [] : [{ ...value, present: TRUE }];
    }
    if (!isBoolean(expression)) return [];
    const open = openFrame(frame.parameters);
    const value = this.holds(expression, open);
    const present = anyOf([value, this.#fails(expression, open)]);
    return [{ type: "bool", value: `(${value})`, present }];
  }

  /** The number that an expression is, where it is one. */
  number(expression: FieldExpression, frame: Frame): NumberSql | undefined {
    if (isReference(expression)) return this.#numberOfReference(expression, frame);
    if (isStatic(expression)) {
      const value = staticSql(expression, frame.parameters);
      return value === undefined ? undefined : numberOf([{ ...value, present: TRUE }]);
    }
    if (expression.kind === "unary") {
      const operand = this.number(expression.operand, frame);
      if (expression.operator === "!" || operand === undefined) return undefined;
      const zero = { form: "int", sql: frame.parameters.int64(0n) } as const;
      return arithmetic("-", zero, operand);
    }
    const { operator } = expression;
    if (!isArithmetic(operator)) return undefined;
    const left = this.number(expression.left, frame);
    const right = this.number(expression.right, frame);
    return left && right && arithmetic(operator, left, right);
  }

  #numberOfReference(reference: FieldReference, frame: Frame): NumberSql | undefined {
    const parts = this.#places.parts(reference, frame);
    const number = numberOf(parts);
    if (parts.length <= MAX_PARTS || number === undefined) return number;
    const value = `CAST(${this.#places.typed(reference, frame)}, 'Tuple(String, String)')`;
    const either = numberOf(partsOfPair("v.1", "v.2"));
    return either && { form: either.form, sql: bind(["v"], [value], either.sql) };
  }
}

/** The operands of a chain of `||`. */
function alternatives(expression: FieldExpression): readonly FieldExpression[] {
  if (expression.kind !== "binary" || expression.operator !== "||") return [expression];
  return [...alternatives(expression.left), ...alternatives(expression.right)];
}

function stringEquality(
  expression: FieldExpression,
): { readonly reference: FieldReference; readonly value: string } | undefined {
  if (expression.kind !== "binary" || expression.operator !== "=") return undefined;
  const { left, right } = expression;
  const [reference, literal] = isStatic(left) ? [right, left] : [left, right];
  if (!isReference(reference) || !isStatic(literal) || literal.type !== "string") return undefined;
  return { reference, value: literal.value };
}

function manyScope(reference: FieldReference): string {
  return reference.kind === "attribute" ? reference.scope : "";
}

export function isReference(expression: FieldExpression): expression is FieldReference {
  return expression.kind === "attribute" || expression.kind === "intrinsic";
}

/** The same with an unscoped attribute given a scope, where the comparison looks at it itself. */
function rescoped(side: FieldExpression, name: string, scope: Many): FieldExpression {
  switch (side.kind) {
    case "attribute":
      return side.scope === "any" && side.name === name ? { ...side, scope } : side;
    case "unary":
      return side.operator === "!"
        ? side
        : { ...side, operand: rescoped(side.operand, name, scope) };
    case "binary":
      return isArithmetic(side.operator)
        ? {
            ...side,
            left: rescoped(side.left, name, scope),
            right: rescoped(side.right, name, scope),
          }
        : side;
    default:
      return side;
  }
}

/** Whether the value of an operator is a boolean (or nil, for `!`). */
function isBoolean(expression: FieldExpression): boolean {
  if (expression.kind === "unary") return expression.operator === "!";
  return expression.kind === "binary" && !isArithmetic(expression.operator);
}
