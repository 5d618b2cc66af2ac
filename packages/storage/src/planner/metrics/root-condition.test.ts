import { type FieldExpression, parse } from "@clew/traceql";
import { expect, test } from "vitest";
import { isSpanLocal } from "../field-sql.ts";
import { withLocalRoots } from "./root-condition.ts";

function condition(text: string): FieldExpression {
  const query = parse(`{ ${text} }`);
  const stage = query.kind === "spans" ? query.pipeline.stages[0] : undefined;
  if (stage?.kind !== "filter") throw new Error(text);
  return stage.condition;
}

/** "root", "other", or undefined where the comparison needs the trace. */
function asked(text: string): string | undefined {
  const rewritten = withLocalRoots(condition(text));
  if (rewritten.kind !== "binary" || !isSpanLocal(rewritten)) return undefined;
  return rewritten.operator === "=" ? "root" : "other";
}

test("comparisons are said of the parent id exactly when they hold for roots alone or for all others alone", () => {
  const compare: Record<string, (a: number, b: number) => boolean> = {
    "<": (a, b) => a < b,
    "<=": (a, b) => a <= b,
    ">": (a, b) => a > b,
    ">=": (a, b) => a >= b,
    "=": (a, b) => a === b,
    "!=": (a, b) => a !== b,
  };
  for (const [operator, holds] of Object.entries(compare)) {
    for (const limit of [-2, -1, -0.5, 0, 0.5, 1, 2]) {
      const root = holds(-1, limit);
      const others = [0, 1, 2, 3].map((value) => holds(value, limit));
      const expected =
        root && others.every((one) => !one)
          ? "root"
          : !root && others.every((one) => one)
            ? "other"
            : undefined;
      expect([operator, limit, asked(`nestedSetParent ${operator} ${limit}`)]).toEqual([
        operator,
        limit,
        expected,
      ]);
    }
  }
  expect(asked("0 > nestedSetParent")).toBe("root");
});

test("the rest of a condition stays, parents' nested sets too", () => {
  expect(
    isSpanLocal(
      withLocalRoots(condition("nestedSetParent < 0 && !(nestedSetParent >= 0) || .a = 1")),
    ),
  ).toBe(true);
  expect(isSpanLocal(withLocalRoots(condition("nestedSetParent < 0 && nestedSetLeft = 1")))).toBe(
    false,
  );
  const other = condition("nestedSetParent < nestedSetLeft");
  expect(withLocalRoots(other)).toEqual(other);
});
