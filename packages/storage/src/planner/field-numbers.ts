// Numbers whose type is known only row by row. Integers among themselves stay 64-bit integers (division
// truncates, by zero gives nil); with a float or a duration everything is float.

import type { ArithmeticOperator, ComparisonOperator } from "@clew/traceql";
import type { Part } from "../read/attribute-parts.ts";
import { FALSE } from "./field-logic.ts";

/** SQL of a number, NULL where there is none; `either` is Tuple(Nullable(Int64), Nullable(Float64)). */
export interface NumberSql {
  readonly form: "int" | "duration" | "float" | "either";
  readonly sql: string;
}

/** The first value that is present, as SQL that is NULL where none is. */
export function firstPresent(parts: readonly Part[], type: string): string {
  const branches: string[] = [];
  for (const { present, value } of parts) {
    if (present === "1") {
      branches.push(`to${type}(${value})`);
      break;
    }
    branches.push(present, `to${type}(${value})`);
  }
  if (branches.length === 1) return branches[0] as string;
  return branches.length % 2 === 1
    ? `multiIf(${branches.join(", ")})`
    : `multiIf(${branches.join(", ")}, NULL)`;
}

export function numberOf(parts: readonly Part[]): NumberSql | undefined {
  const ints = parts.filter(({ type }) => type === "int" || type === "duration");
  const floats = parts.filter(({ type }) => type === "float");
  if (floats.length === 0) {
    if (ints.length === 0) return undefined;
    const form = ints.every(({ type }) => type === "duration") ? "duration" : "int";
    return { form, sql: firstPresent(ints, "Int64") };
  }
  if (ints.length === 0) return { form: "float", sql: firstPresent(floats, "Float64") };
  return {
    form: "either",
    sql: pair(firstPresent(ints, "Int64"), firstPresent(floats, "Float64")),
  };
}

function pair(int: string, float: string): string {
  return `tuple(CAST(${int}, 'Nullable(Int64)'), CAST(${float}, 'Nullable(Float64)'))`;
}

function asPair({ form, sql }: NumberSql): string {
  if (form === "either") return sql;
  return form === "int" ? pair(sql, "NULL") : pair("NULL", sql);
}

/** SQL of `body(name)` with the name bound to `value`, so that a long text stands only once. */
export function bind(names: readonly string[], values: readonly string[], body: string): string {
  const arrays = values.map((value) => `[${value}]`);
  return `arrayMap((${names.join(", ")}) -> ${body}, ${arrays.join(", ")})[1]`;
}

function floatOf(number: NumberSql): string {
  if (number.form !== "either") return `toFloat64(${number.sql})`;
  return bind(["n"], [number.sql], "coalesce(n.2, toFloat64(n.1))");
}

/** Nullable(Float64). */
export function nullableFloat(number: NumberSql | undefined): string {
  return `CAST(${number === undefined ? "NULL" : floatOf(number)}, 'Nullable(Float64)')`;
}

export function arithmetic(
  operator: ArithmeticOperator,
  left: NumberSql,
  right: NumberSql,
): NumberSql {
  if (left.form === "int" && right.form === "int") {
    if (operator === "^") return { form: "either", sql: integerPower(left.sql, right.sql) };
    return { form: "int", sql: integerArithmetic(operator, left.sql, right.sql) };
  }
  const isMixed = [left, right].every(({ form }) => form === "int" || form === "either");
  if (!isMixed)
    return { form: "float", sql: floatArithmetic(operator, floatOf(left), floatOf(right)) };
  const floats = floatArithmetic(
    operator,
    "coalesce(a.2, toFloat64(a.1))",
    "coalesce(b.2, toFloat64(b.1))",
  );
  const areInts = "isNotNull(a.1) AND isNotNull(b.1)";
  const body =
    operator === "^"
      ? `if(${areInts}, ${integerPower("a.1", "b.1")}, ${pair("NULL", floats)})`
      : pair(integerArithmetic(operator, "a.1", "b.1"), `if(${areInts}, NULL, ${floats})`);
  return { form: "either", sql: bind(["a", "b"], [asPair(left), asPair(right)], body) };
}

function integerArithmetic(
  operator: Exclude<ArithmeticOperator, "^">,
  left: string,
  right: string,
): string {
  if (operator === "/") return `intDivOrNull(${left}, ${right})`;
  if (operator === "%") return `toInt64(moduloOrNull(${left}, ${right}))`;
  return `(${left} ${operator} ${right})`;
}

/** An integer where it is one of 64 bits, else a float. */
function integerPower(left: string, right: string): string {
  const fits = `${right} >= 0 AND abs(p) < 9.2e18`;
  const body = pair(`if(${fits}, toInt64(p), NULL)`, `if(${fits}, NULL, p)`);
  return bind(["p"], [`pow(${left}, ${right})`], body);
}

function floatArithmetic(operator: ArithmeticOperator, left: string, right: string): string {
  return operator === "^" ? `pow(${left}, ${right})` : `(${left} ${operator} ${right})`;
}

/** UInt8: whether both are numbers that stand in this relation; integers are compared as integers. */
export function compareNumbers(
  left: NumberSql | undefined,
  operator: ComparisonOperator,
  right: NumberSql | undefined,
): string {
  if (left === undefined || right === undefined || operator === "=~" || operator === "!~")
    return FALSE;
  if (left.form !== "either" && right.form !== "either")
    return `ifNull(${left.sql} ${operator} ${right.sql}, 0)`;
  const pairs = ["a.1", "a.2"].flatMap((a) =>
    ["b.1", "b.2"].map((b) => `ifNull(${a} ${operator} ${b}, 0)`),
  );
  return bind(["a", "b"], [asPair(left), asPair(right)], pairs.join(" OR "));
}
