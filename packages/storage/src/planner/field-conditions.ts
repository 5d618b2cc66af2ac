// Conditions of TraceQL as SQL over table `spans`. A comparison with a literal looks only at the places of
// the literal's type; one of two values known only row by row looks at every pair of types that compare.

import type {
  Attribute,
  ComparisonOperator,
  FieldExpression,
  FieldReference,
  Static,
} from "@clew/traceql";
import {
  attributeParts,
  comparePart,
  type Literal,
  mapPlaces,
  type Part,
  partIsIn,
  relation,
} from "../read/attribute-parts.ts";
import type { SqlParameters } from "../read/sql-parameters.ts";
import { isStatic } from "./field-fold.ts";
import { compareArray } from "./field-json.ts";
import type { ContentTable } from "./field-knowledge.ts";
import { allOf, anyOf, FALSE, not, TRUE } from "./field-logic.ts";
import { arithmetic, bind, compareNumbers, type NumberSql, numberOf } from "./field-numbers.ts";
import {
  type FieldPlaces,
  type Frame,
  isService,
  MANY_COLUMNS,
  presentIn,
} from "./field-places.ts";
import { type Many, manyOf, namesMany } from "./field-references.ts";
import { partsOfPair, typedOf } from "./field-typed.ts";

/** What a reference's value must be. */
export type Test =
  | { readonly operator: ComparisonOperator; readonly literal: Static }
  | { readonly operator: "in"; readonly values: readonly string[] }
  | { readonly operator: "exists" }
  /** The boolean itself; an array of booleans is none. */
  | { readonly operator: "is"; readonly literal: Static };

const IS_TRUE = boolTest(true);
const IS_FALSE = boolTest(false);
/** More pairs of places than this make a statement too long for the engine. */
const MAX_PAIRS = 16;
const MANY: readonly Many[] = ["event", "link"];

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
    const many = MANY.find(
      (one) => !frame.bound.has(one) && (namesMany(left, one) || namesMany(right, one)),
    );
    if (many === undefined) return this.#compareValues(left, operator, right, frame);
    return this.anyOfMany(many, frame, (inner) => this.#compare(left, operator, right, inner));
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
    const build = (parameters: SqlParameters): string =>
      partsMeet(attributeParts(mapPlaces, parameters.text(name)), test, parameters);
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
      return compareTyped(a, operator, b, frame.parameters);
    const numbers = [this.number(left, frame), this.number(right, frame)] as const;
    return compareParts(a, operator, b, numbers, frame.parameters);
  }

  /** The places of an expression's value; of an arithmetic one none, which is a number. */
  #parts(expression: FieldExpression, frame: Frame): readonly Part[] {
    if (isReference(expression)) return this.#places.parts(expression, frame);
    if (isStatic(expression)) {
      const value = staticSql(expression, frame.parameters);
      return value === undefined ? [] : [{ ...value, present: TRUE }];
    }
    if (!isBoolean(expression)) return [];
    const value = this.holds(expression, frame);
    const present = anyOf([value, this.#fails(expression, frame)]);
    return [{ type: "bool", value: `(${value})`, present }];
  }

  /** The number that an expression is, where it is one. */
  number(expression: FieldExpression, frame: Frame): NumberSql | undefined {
    if (isReference(expression)) return numberOf(this.#places.parts(expression, frame));
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
}

/** UInt8: whether the value in any of the parts meets a test. */
function partsMeet(parts: readonly Part[], test: Test, parameters: SqlParameters): string {
  if (test.operator === "exists") return presentIn(parts);
  if (test.operator === "in") {
    const { values } = test;
    const each = values.map((value) => equalityTest(value));
    return anyOf(
      parts.flatMap((part) =>
        part.type === "string"
          ? [partIsIn(part, values, parameters)]
          : each.map((one) => partMeets(part, one.operator, one.literal, parameters)),
      ),
    );
  }
  if (test.operator === "is") {
    const bools = parts.filter(({ type }) => type === "bool");
    return anyOf(bools.map((part) => partMeets(part, "=", test.literal, parameters)));
  }
  return anyOf(parts.map((part) => partMeets(part, test.operator, test.literal, parameters)));
}

function partMeets(
  part: Part,
  operator: ComparisonOperator,
  literal: Static,
  parameters: SqlParameters,
): string {
  const right = literalOf(literal, operator);
  if (right === undefined) {
    if (literal.type !== part.type || (operator !== "=" && operator !== "!=")) return FALSE;
    if (literal.type !== "status" && literal.type !== "kind") return FALSE;
    return `${part.value} ${operator} ${parameters.text(literal.value)}`;
  }
  if (part.type === "json") {
    const value = staticSql(literal, parameters)?.value ?? "";
    const sql = right.type === "string" ? parameters.text(right.value) : value;
    return compareArray(part, operator, right.type, sql, parameters);
  }
  if (!isComparable(part.type, right.type)) return FALSE;
  if (right.type === "bool" && operator !== "=" && operator !== "!=") return FALSE;
  if (right.type !== "string" && (operator === "=~" || operator === "!~")) return FALSE;
  return comparePart(part, operator, right, parameters);
}

/** Every pair of places that compare, and the numbers. */
function compareParts(
  left: readonly Part[],
  operator: ComparisonOperator,
  right: readonly Part[],
  numbers: readonly [NumberSql | undefined, NumberSql | undefined],
  parameters: SqlParameters,
): string {
  const conditions = [compareNumbers(numbers[0], operator, numbers[1])];
  for (const x of left) {
    for (const y of right) conditions.push(comparePair(x, operator, y, parameters));
  }
  return anyOf(conditions);
}

/** Two values of many places each: every place is written once, and the pairs are those of two names. */
function compareTyped(
  left: readonly Part[],
  operator: ComparisonOperator,
  right: readonly Part[],
  parameters: SqlParameters,
): string {
  const [x, y] = [partsOfPair("one.1", "one.2"), partsOfPair("two.1", "two.2")];
  const body = compareParts(x, operator, y, [numberOf(x), numberOf(y)], parameters);
  const values = [left, right].map((parts) => `CAST(${typedOf(parts)}, 'Tuple(String, String)')`);
  return bind(["one", "two"], values, body);
}

function comparePair(
  left: Part,
  operator: ComparisonOperator,
  right: Part,
  parameters: SqlParameters,
): string {
  if (right.type === "json")
    return left.type === "json" ? FALSE : comparePair(right, flipped(operator), left, parameters);
  if (left.type === "json") {
    const type = right.type === "duration" ? "int" : right.type;
    if (type === "status" || type === "kind") return FALSE;
    return allOf([right.present, compareArray(left, operator, type, right.value, parameters)]);
  }
  const isNumber = left.type === "int" || left.type === "float" || left.type === "duration";
  if (isNumber || left.type !== right.type) return FALSE;
  if (left.type !== "string" && operator !== "=" && operator !== "!=") return FALSE;
  const pattern = operator === "=~" || operator === "!~";
  const other = pattern ? `concat('^(?s:', ${right.value}, ')$')` : right.value;
  return allOf([left.present, right.present, relation(left.value, operator, other)]);
}

function isComparable(part: Part["type"], literal: Literal["type"]): boolean {
  if (literal === "int" || literal === "float")
    return part === "int" || part === "float" || part === "duration";
  return part === literal;
}

/** TraceQL's patterns match the whole text, across lines. */
export function anchored(pattern: string): string {
  return `^(?s:${pattern})$`;
}

function literalOf(literal: Static, operator: ComparisonOperator): Literal | undefined {
  switch (literal.type) {
    case "string": {
      const isPattern = operator === "=~" || operator === "!~";
      return { type: "string", value: isPattern ? anchored(literal.value) : literal.value };
    }
    case "int":
    case "duration":
      return { type: "int", value: literal.value };
    case "float":
    case "bool":
      return literal;
    default:
      return undefined;
  }
}

function staticSql(
  literal: Static,
  parameters: SqlParameters,
): Pick<Part, "type" | "value"> | undefined {
  switch (literal.type) {
    case "nil":
      return undefined;
    case "string":
    case "status":
    case "kind":
      return { type: literal.type, value: parameters.text(literal.value) };
    case "int":
    case "duration":
      return { type: literal.type, value: parameters.int64(literal.value) };
    case "float":
      return { type: "float", value: parameters.float64(literal.value) };
    case "bool":
      return { type: "bool", value: parameters.bool(literal.value) };
  }
}

function keyOf(what: readonly string[], test: Test): string {
  if (test.operator === "in") return JSON.stringify([...what, "in", ...test.values]);
  if (test.operator === "exists") return JSON.stringify([...what, "exists"]);
  const { literal } = test;
  const value = literal.type === "nil" ? "" : String(literal.value);
  return JSON.stringify([...what, test.operator, literal.type, value]);
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

function isArithmetic(operator: string): operator is "+" | "-" | "*" | "/" | "%" | "^" {
  return operator.length === 1 && "+-*/%^".includes(operator);
}

/** Whether the value of an operator is a boolean (or nil, for `!`). */
function isBoolean(expression: FieldExpression): boolean {
  if (expression.kind === "unary") return expression.operator === "!";
  return expression.kind === "binary" && !isArithmetic(expression.operator);
}

function flipped(operator: ComparisonOperator): ComparisonOperator {
  const turned = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;
  return operator in turned ? turned[operator as keyof typeof turned] : operator;
}

function equalityTest(value: string): { readonly operator: "="; readonly literal: Static } {
  return {
    operator: "=",
    literal: { kind: "static", type: "string", value, at: { start: 0, end: 0 } },
  };
}

function boolTest(value: boolean): Test {
  return {
    operator: "is",
    literal: { kind: "static", type: "bool", value, at: { start: 0, end: 0 } },
  };
}
