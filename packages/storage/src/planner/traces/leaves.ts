// What a pipeline wants to know of single spans, collected while it is compiled: conditions, which the engine
// answers with a bit a span, and values. Equal ones are asked once.

import { ClewError } from "@clew/base";
import type { FieldExpression, FieldReference } from "@clew/traceql";

const MAX_CONDITIONS = 256;
const MAX_VALUES = 64;
const TOO_MANY_VALUES =
  "a query about whole traces compares or groups by too many different values";

export class Leaves {
  /** Owner is always `self`. */
  readonly conditions: FieldExpression[] = [];
  /** Owner is always `self`. */
  readonly values: FieldReference[] = [];
  /**
   * What is wanted of each event or link: a field, or a condition on one of them. Or an unscoped attribute,
   * which may lie on them. Owner is always `self`.
   */
  readonly choices: FieldExpression[] = [];
  readonly #conditionOf = new Map<string, number>();
  readonly #valueOf = new Map<string, number>();
  readonly #choiceOf = new Map<string, number>();
  /** Whether evaluation looks at spans beside those that filters find: ancestors, siblings, roots, times. */
  needsAllSpans = false;

  /** Number of the condition. */
  condition(expression: FieldExpression): number {
    const full = "a query about whole traces has too many conditions";
    return number(this.conditions, this.#conditionOf, expression, MAX_CONDITIONS, full);
  }

  /** Number of the value. */
  value(reference: FieldReference): number {
    return number(this.values, this.#valueOf, reference, MAX_VALUES, TOO_MANY_VALUES);
  }

  /** Number of what is wanted of each event or link. */
  choice(expression: FieldExpression): number {
    return number(this.choices, this.#choiceOf, expression, MAX_VALUES, TOO_MANY_VALUES);
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
  if (list.length >= most) {
    throw new ClewError("bad_request", message, {
      hint: `at most ${most}; one more stands at character ${expression.at.start + 1}`,
    });
  }
  known.set(key, list.length);
  return list.push(expression) - 1;
}

/** Equal for expressions that say the same, wherever they stand and however they are spelt. */
export function contentKey(expression: FieldExpression): string {
  return JSON.stringify(expression, (name, value: unknown) =>
    name === "at" || name === "text" ? undefined : typeof value === "bigint" ? `${value}n` : value,
  );
}
