// The form of a service's sampling: what it shows of a rule, and what it makes of what is typed.

import type { ServiceSampling } from "@clew/model";
import { describe, expect, test } from "vitest";
import { changeOf, draftOf, ruleText } from "./sampling-draft.ts";

describe("the draft", () => {
  test.each<ServiceSampling>([
    { probability: 1 },
    { probability: 0.1 },
    { probability: 0 },
    { probability: 0.0001, operations: { "GET /health": 0 } },
    { tracesPerSecond: 20 },
    { targetPerSecond: 0.5, minProbability: 0.01, perOperation: true },
  ])("of a rule, unchanged, is the rule: %j", (sampling) => {
    expect(changeOf(draftOf(sampling), sampling)).toEqual({ sampling });
  });

  test("keeps rates of operations where the mode has them", () => {
    const before = { probability: 0.5, operations: { "GET /health": 0 } };
    const to = (mode: "target" | "limit") => changeOf({ mode, text: "5" }, before);
    expect(to("target")).toEqual({
      sampling: { targetPerSecond: 5, operations: before.operations },
    });
    expect(to("limit")).toEqual({ sampling: { tracesPerSecond: 5 } });
  });

  test.each([
    ["share", "101"],
    ["share", "-1"],
    ["share", ""],
    ["share", "a tenth"],
    ["limit", "0.5"],
    ["limit", "0"],
    ["target", "0"],
    ["target", "Infinity"],
  ] as const)("of mode %s says what is wrong with %j", (mode, text) => {
    expect(changeOf({ mode, text }, {})).toHaveProperty("problem");
  });
});

test("a rule is said in one line, with who said it", () => {
  expect(ruleText({ probability: 0.1 }, "api", 0.1)).toBe("Keeps 10% of the traces (set here)");
  expect(ruleText({}, "built in", 1)).toBe("Keeps everything (nothing is said about it)");
  expect(ruleText({ tracesPerSecond: 20 }, "file", undefined)).toBe(
    "At most 20/s in each process (from the file of rates)",
  );
  expect(ruleText({ targetPerSecond: 5, perOperation: true }, "file", 0.02)).toBe(
    "Aims at 5/s of each operation, keeps 2% of the traces now (from the file of rates)",
  );
});
