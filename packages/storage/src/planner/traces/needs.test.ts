import { parse, print, type SpansQuery } from "@clew/traceql";
import { expect, test } from "vitest";
import type { SpanFormula, TraceNeed } from "./formulas.ts";
import { planTraces } from "./trace-plan.ts";

/** What a query needs, with letters for its conditions in the order in which they are named. */
function needsOf(text: string): string {
  const plan = planTraces((parse(text) as SpansQuery).pipeline);
  const names = new Map<number, string>();
  const span = (formula: SpanFormula): string => {
    switch (formula.kind) {
      case "every":
        return "*";
      case "isRoot":
        return "root";
      case "condition": {
        const condition = plan.conditions[formula.number];
        const name =
          names.get(formula.number) ?? (condition === undefined ? "?" : textOf(condition));
        names.set(formula.number, name);
        return name;
      }
      default:
        return `(${formula.parts.map(span).join(formula.kind === "and" ? " & " : " | ")})`;
    }
  };
  const trace = (need: TraceNeed): string => {
    switch (need.kind) {
      case "always":
        return "-";
      case "exists":
        return need.atLeast === 1
          ? `some ${span(need.where)}`
          : `${need.atLeast} ${span(need.where)}`;
      case "absent":
        return `no ${span(need.where)}`;
      case "index":
        return `${need.measure} ${need.operator} ${need.value}`;
      default:
        return `(${need.parts.map(trace).join(need.kind === "and" ? " and " : " or ")})`;
    }
  };
  return `${span(plan.result)}; ${trace(plan.need)}`;
}

function textOf(condition: ReturnType<typeof planTraces>["conditions"][number]): string {
  const at = { start: 0, end: 0 };
  const filter = { kind: "filter", condition, at } as const;
  const pipeline = { kind: "pipeline", stages: [filter], at } as const;
  return print({ kind: "spans", pipeline, hints: new Map(), at }).slice(2, -2);
}

test.each([
  ["{ .a } > { .b }", ".b; some .a"],
  ["{ .a } !> { .b }", ".b; -"],
  ["{ .a } &> { .b }", "(.a | .b); (some .a and some .b)"],
  ["{ .a } && { .b } || { .c }", "(.a | .b | .c); ((some .a and some .b) or some .c)"],
  ["{ .a } && !{ .b }", ".a; no .b"],
  ["!{ .b }", "*; no .b"],
  ["{ .a } | !{ .b }", "*; some .a"],
  ["{ .a } | { .b } | !{ .c } && { .d }", "(.a & .b & .d); -"],
  ["{ parent.a && .b }", ".b; some .a"],
  ["{ !parent.a && .b }", ".b; some !.a"],
  ["{ !(parent.a = 1) && .b }", ".b; -"],
  ["{ root.a }", "*; some (root & .a)"],
  ['{ trace:rootName = "x" && .b }', '.b; some (root & span:name = "x")'],
  ["{ parent.a = .b }", "*; -"],
  ["{ parent.a || .b }", "*; (some .a or some .b)"],
  ["{ trace:duration > 2s && .b }", ".b; duration > 2000000000"],
  [
    "{ 2s < trace:duration || trace:duration < 1ms }",
    "*; (duration > 2000000000 or duration < 1000000)",
  ],
  ["{ } | count() > 100", "*; spans > 100"],
  ["{ } | count() < 3", "*; spans < 3"],
  ["{ parent.a = .b } | count() < 3", "*; -"],
  ["{ } | by(.x) | count() < 3", "*; -"],
  ["{ } | by(.x) | count() > 3", "*; spans >= 4"],
  ["{ .a } | count() > 2", ".a; 3 .a"],
  ["{ .a } | count() > 2.5", ".a; 3 .a"],
  ["{ .a } | 2 <= count()", ".a; 2 .a"],
  ["{ .a } | count() != 2", ".a; -"],
  ["{ .a } | max(.n) > 5", ".a; some (.a & .n > 5)"],
  ["{ .a } | avg(duration) > 1s", ".a; some (.a & duration > 1s)"],
  ["{ .a } | avg(.n) > 1", ".a; -"],
  ["{ .a } | min(.n) > 5", ".a; -"],
  ["{ .a } | sum(.n) > 5", ".a; some (.a & .n > 0)"],
  ["({ .a } | count()) > ({ .b } | count())", "*; some .a"],
  ["({ .a } | { .c } | max(.n) > 1) > { .b }", ".b; some (.a & .c & .n > 1)"],
  [
    "({ .a } || { .b } | coalesce()) && ({ .b } || { .a } | coalesce()) && { .c }",
    "(.a | .b | .c); ((some .a or some .b) and some (.a | .b) and (some .b or some .a) and some .c)",
  ],
  ["({ .a } | count() > 1) && { .b }", "(.a | .b); (2 .a and some .b)"],
])("%s needs %s", (query, needs) => {
  expect(needsOf(query)).toBe(needs);
});
