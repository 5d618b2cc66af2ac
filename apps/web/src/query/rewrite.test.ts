import { parse } from "@clew/traceql";
import { describe, expect, it } from "vitest";
import { answerKind, compareText, narrow, retarget, selected, withSelect } from "./rewrite.ts";

describe("a further condition", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["{ }", "{ .k = 1 }"],
    ["{ .a = 1 }", "{ .a = 1 && .k = 1 }"],
    // && and || bind alike, from the left: what is appended holds for both alternatives.
    ["{ .a = 1 || .b = 1 }", "{ .a = 1 || .b = 1 && .k = 1 }"],
    ["{ .k = 1 }", "{ .k = 1 }"],
    ["{ .a = 1 } >> { .b = 1 }", "{ .a = 1 } >> { .b = 1 && .k = 1 }"],
    [
      "{ .a = 1 } && { .b = 1 } | count() > 2",
      "{ .a = 1 } && { .b = 1 } | { .k = 1 } | count() > 2",
    ],
    ["{ .a = 1 } | rate() by(name)", "{ .a = 1 && .k = 1 } | rate() by(name)"],
    [
      "({ .a = 1 } | rate()) / ({ } | rate())",
      "({ .a = 1 && .k = 1 } | rate()) / ({ .k = 1 } | rate())",
    ],
    ["{ } | compare({ status = error })", "{ .k = 1 } | compare({ status = error }, 10)"],
  ];
  it.each(cases)("goes into %s", (text, wanted) => {
    expect(narrow(parse(text), [".k = 1"])).toBe(wanted);
    expect(() => parse(wanted)).not.toThrow();
  });
});

describe("another answer about the same spans", () => {
  it.each([
    ["{ .a = 1 } | select(.b)", "series", "{ .a = 1 } | rate()"],
    ["{ .a = 1 } | rate() by(name)", "spans", "{ .a = 1 }"],
    ["{ .a = 1 } | rate()", "heat", "{ .a = 1 } | histogram_over_time(duration)"],
    ["({ .a = 1 } | rate()) / ({ } | rate())", "spans", "{ .a = 1 }"],
    ["{ .a = 1 } | rate() by(name)", "series", "{ .a = 1 } | rate() by(name)"],
    ["{ .a = 1 }", "compare", "{ .a = 1 } | compare({ status = error })"],
  ] as const)("%s as %s", (text, kind, wanted) => {
    const made = retarget(parse(text), kind);
    expect(made).toBe(wanted);
    expect(answerKind(parse(made as string))).toBe(kind);
  });

  it("compares a box of a heat map with the rest", () => {
    const query = parse("{ kind = server } | histogram_over_time(duration)");
    const text = compareText(query, ["duration >= 1s"], { startNano: 5n, endNano: 9n });
    expect(text).toBe("{ kind = server } | compare({ duration >= 1s }, 10, 5, 9)");
    expect(answerKind(parse(text as string))).toBe("compare");
  });
});

it("fields that are shown come and go", () => {
  const query = parse("{ .a = 1 } | select(.b)");
  expect(selected(query)).toEqual([".b"]);
  expect(withSelect(query, [".b", "span.c"])).toBe("{ .a = 1 } | select(.b, span.c)");
  expect(withSelect(query, [])).toBe("{ .a = 1 }");
  expect(withSelect(parse("{ } | rate()"), [".b"])).toBeUndefined();
});
