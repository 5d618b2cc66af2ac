import { describe, expect, test } from "vitest";
import { stepNano, timeRange } from "./range.ts";

const second = 1_000_000_000;
const now = 1_800_000_000_000_000_000n;

describe("the width of a column", () => {
  test.each([
    [60, 1],
    [3600, 30],
    [86_400, 900],
    [7 * 86_400, 7200],
    [10 * 365 * 86_400, 31 * 86_400],
  ])("for %i seconds is a round %i by default", (seconds, step) => {
    const range = { startNano: now, endNano: now + BigInt(seconds) * 1_000_000_000n };
    expect(stepNano(range, undefined)).toBe(step * second);
  });

  test("is refused where it would make more than 5,000 columns, with the least that would do", () => {
    const range = timeRange({}, now);
    expect(stepNano(range, 0.72 * second)).toBe(0.72 * second);
    expect(() => stepNano(range, 0.71 * second)).toThrow("more than 5000 columns");
  });
});

describe("the range of a question", () => {
  test("is the last hour when nothing is said, and the hour before the end when only that is", () => {
    const hour = 3_600_000_000_000n;
    expect(timeRange({}, now)).toEqual({ startNano: now - hour, endNano: now });
    const end = { kind: "absolute", nano: 2n * hour } as const;
    expect(timeRange({ end }, now)).toEqual({ startNano: hour, endNano: 2n * hour });
  });

  test("is refused when it is empty", () => {
    const start = { kind: "relative", offsetNano: 0n } as const;
    expect(() => timeRange({ start }, now)).toThrow("is not before end");
  });
});
