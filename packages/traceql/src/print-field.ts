// Field expressions, references and literals as text.

import type { Attribute, FieldExpression, FieldReference, Owner, Static } from "./ast.ts";
import { lex } from "./lexer.ts";
import { fieldPrecedence, prefixPrecedence } from "./parse-field.ts";
import { attributeScopes, unscopedIntrinsics } from "./vocabulary.ts";

const ATOM = 9;

/** The expression, between parentheses when it binds no tighter than `above`. */
export function printField(expression: FieldExpression, above = 0): string {
  const text = unbracketed(expression);
  return levelOf(expression) > above ? text : `(${text})`;
}

function levelOf(expression: FieldExpression): number {
  switch (expression.kind) {
    case "binary":
      return fieldPrecedence.get(expression.operator) ?? 0;
    case "unary":
      return prefixPrecedence[expression.operator];
    case "static":
      return isNegative(expression) ? prefixPrecedence["-"] : ATOM;
    default:
      return ATOM;
  }
}

function isNegative(value: Static): boolean {
  if (value.type === "float") return value.value < 0 || Object.is(value.value, -0);
  return (value.type === "int" || value.type === "duration") && value.value < 0n;
}

function unbracketed(expression: FieldExpression): string {
  switch (expression.kind) {
    case "static":
      return printStatic(expression);
    case "unary": {
      const operand = printField(expression.operand, prefixPrecedence[expression.operator]);
      return `${expression.operator}${operand}`;
    }
    case "binary": {
      const level = levelOf(expression);
      const fromRight = expression.operator === "^";
      const left = printField(expression.left, fromRight ? level : level - 1);
      const right = printField(expression.right, fromRight ? level - 1 : level);
      return `${left} ${expression.operator} ${right}`;
    }
    default:
      return printReference(expression);
  }
}

/** As the user wrote it, because metrics are labelled with that; canonical when the text is not its own. */
export function printReference(field: FieldReference): string {
  return isTextOf(field) ? field.text : canonical(field);
}

function isTextOf(field: FieldReference): boolean {
  const [token, end] = lex(field.text);
  if (end?.kind !== "end" || token?.at.end !== field.text.length) return false;
  if (token.kind === "word") {
    if (field.kind !== "intrinsic") return false;
    if (field.text === "parent") return field.owner === "parent" && field.name === "span:id";
    return field.owner === "self" && unscopedIntrinsics.get(field.text) === field.name;
  }
  if (token.kind !== field.kind || token.owner !== field.owner || token.name !== field.name)
    return false;
  return token.kind !== "attribute" || (field.kind === "attribute" && token.scope === field.scope);
}

function canonical(field: FieldReference): string {
  const owner: Readonly<Record<Owner, string>> = { self: "", parent: "parent.", root: "root." };
  if (field.kind === "intrinsic") return `${owner[field.owner]}${field.name}`;
  return `${owner[field.owner]}${attributeText(field)}`;
}

function attributeText({ owner, scope, name }: Attribute): string {
  if (scope !== "any") return `${scope}.${isPlain(name) ? name : quote(name)}`;
  if (owner === "self") return `.${isPlain(name) && !/^\d/.test(name) ? name : quote(name)}`;
  const taken =
    unscopedIntrinsics.has(name) ||
    attributeScopes.some((other) => name.startsWith(`${other}.`)) ||
    /^\w+:/.test(name);
  return isPlain(name) && !taken ? name : quote(name);
}

function isPlain(name: string): boolean {
  return /^[^\s{}()=~!<>&|^,"\\\u0000]+$/.test(name);
}

function quote(name: string): string {
  return `"${name.replace(/["\\]/g, "\\$&")}"`;
}

export function printStatic(value: Static): string {
  switch (value.type) {
    case "nil":
      return "nil";
    case "string":
      return printString(value.value);
    case "int":
    case "bool":
    case "status":
    case "kind":
      return String(value.value);
    case "float":
      return printFloat(value.value);
    case "duration":
      return printDuration(value.value);
  }
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function printString(value: string): string {
  const escaped = value.replace(/[\u0000-\u001f\u007f"\\]/g, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    const code = character.charCodeAt(0).toString(16).padStart(2, "0");
    return SHORT_ESCAPES[character] ?? `\\x${code}`;
  });
  return `"${escaped}"`;
}

/** Always recognisable as a float. */
function printFloat(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** A number of which it does not matter whether it is an integer. */
export function printNumber(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : printFloat(value);
}

const units: readonly (readonly [string, bigint])[] = [
  ["h", 3_600_000_000_000n],
  ["m", 60_000_000_000n],
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1000n],
  ["ns", 1n],
];

function printDuration(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  let rest = nanos < 0n ? -nanos : nanos;
  let text = nanos < 0n ? "-" : "";
  for (const [unit, size] of units) {
    if (rest >= size) text += `${rest / size}${unit}`;
    rest %= size;
  }
  return text;
}
