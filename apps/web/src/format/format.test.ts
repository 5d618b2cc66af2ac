import { describe, expect, it } from "vitest";
import { formatCompact, formatRate, formatShare } from "./number.ts";
import { formatIsoNano } from "./time.ts";

describe("numbers", () => {
  it("stay short without hiding that something happened", () => {
    expect(formatCompact(9999)).toBe("9,999");
    expect(formatCompact(12_345)).toBe("12.3k");
    expect(formatRate(0.05)).toBe("3/min");
    expect(formatRate(0.0001)).toBe("<0.1/min");
    expect(formatShare(0.00001)).toBe("<0.01%");
    expect(formatShare(0.9999)).toBe(">99.9%");
    expect(formatShare(1)).toBe("100%");
  });
});

it("instants keep their nanoseconds in ISO form", () => {
  expect(formatIsoNano(1_700_000_000_000_000_123n)).toBe("2023-11-14T22:13:20.000000123Z");
});
