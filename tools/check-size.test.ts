import { describe, expect, test } from "vitest";
import { checkSizes, countLines } from "./check-size.ts";

describe("the size check", () => {
  test("counts code, not blank lines and comments", () => {
    expect(
      countLines("// one\n\nconst a = 1; // two\n/* three\n   four */\n/** five */\n  b();\n"),
    ).toBe(2);
  });

  test("refuses the 501st line", () => {
    expect(checkSizes(new Map([["a.ts", 500]]), {})).toEqual([]);
    expect(checkSizes(new Map([["a.ts", 501]]), {})).toEqual([
      "a.ts: 501 lines of code, 500 is the most; split it",
    ]);
  });

  test("lets an excepted file keep its lines but not grow", () => {
    const exceptions = { "a.ts": { lines: 600, reason: "one table of a format" } };
    expect(checkSizes(new Map([["a.ts", 600]]), exceptions)).toEqual([]);
    expect(checkSizes(new Map([["a.ts", 601]]), exceptions)).toHaveLength(1);
  });

  test("wants an exception lowered when its file shrinks, and removed when it is short again or gone", () => {
    const exceptions = { "a.ts": { lines: 600, reason: "one table of a format" } };
    expect(checkSizes(new Map([["a.ts", 550]]), exceptions)[0]).toContain("lower its 600");
    expect(checkSizes(new Map([["a.ts", 400]]), exceptions)[0]).toContain("take it out");
    expect(checkSizes(new Map(), exceptions)[0]).toContain("take it out");
  });
});
