// What a pipeline wants to know of single spans, collected while it is compiled: conditions, which the engine
// answers with a bit a span, and values. Equal ones are asked once.

import { ClewError } from "@clew/base";
import type { FieldExpression, FieldReference } from "@clew/traceql";

const MAX_CONDITIONS = 256;
const MAX_VALUES = 64;

export class Leaves {
  /** Owner is always `self`. */
  readonly conditions: FieldExpression[] = [];
  /** Owner is always `self`. */
  readonly values: FieldReference[] = [];
  readonly #conditionOf = new Map<string, number>();
  readonly #valueOf = new Map<string, number>();
  /** Whether evaluation looks at spans beside those that filters find: ancestors, siblings, roots, times. */
  needsAllSpans = false;

  /** Number of the condition. */
  condition(expression: FieldExpression): number {
    const full = "a query about whole traces has too many conditions";
    return number(this.conditions, this.#conditionOf, expression, MAX_CONDITIONS, full);
  }

  /** Number of the value. */
  value(reference: FieldReference): number {
    const full = "a query about whole traces compares or groups by too many different values";
    return number(this.values, this.#valueOf, reference, MAX_VALUES, full);
  }
}

function number<T extends FieldExpression>(
  list: T[],
  known: Map<string, number>,
  expression: T,
  most: number,
  message: string,
): number {
  const key = contentKey(expression);
  const found = known.get(key);
  if (found !== undefined) return found;
  if (list.length >= most) throw new ClewError("bad_request", message, { hint: `at most ${most}` });
  known.set(key, list.length);
  return list.push(expression) - 1;
}

/** Equal for expressions that say the same, wherever they stand and however they are spelt. */
export function contentKey(expression: FieldExpression): string {
  return JSON.stringify(expression, (name, value: unknown) =>
    name === "at" || name === "text" ? undefined : typeof value === "bigint" ? `${value}n` : value,
  );
}
