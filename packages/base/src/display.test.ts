import { describe, expect, it } from "vitest";
import { middleCut, oneLine } from "./display-text.ts";
import { formatDuration, parseDuration, printDuration } from "./duration.ts";

describe("durations", () => {
  it.each([
    [0, "0"],
    [7, "7 ns"],
    [999, "999 ns"],
    [1500, "1.5 µs"],
    [999_950, "1 ms"],
    [12_345_678, "12.3 ms"],
    [250e6, "250 ms"],
    [1.5e9, "1.5 s"],
    [59.99e9, "60 s"],
    [125e9, "2m 5s"],
    [3600e9, "1h"],
    [90_000e9, "1d 1h"],
    [-2e6, "−2 ms"],
    [Number.NaN, "–"],
  ])("%d ns reads as %s", (nano, shown) => {
    expect(formatDuration(nano)).toBe(shown);
  });

  it("are read with a unit, and as milliseconds without one", () => {
    expect(parseDuration("250")).toBe(250e6);
    expect(parseDuration("1.5s")).toBe(1.5e9);
    expect(parseDuration("10 µs")).toBe(10_000);
    expect(parseDuration("10us")).toBe(10_000);
    for (const bad of ["", "fast", "-1s", "1e400s", "1 fortnight"])
      expect(parseDuration(bad)).toBeUndefined();
  });

  it("survive printing for a URL", () => {
    for (const nano of [1, 999, 1_000, 1_234_567, 250_000_000, 60e9, 90e9]) {
      expect(parseDuration(printDuration(nano))).toBe(nano);
    }
  });
});

describe("text from senders", () => {
  it("shows control and direction characters instead of obeying them", () => {
    expect(oneLine("a\u0000b\nc\u202ed\u001b[31m")).toBe("a·b⏎c·d·[31m");
  });

  it("is cut to a length, also when it is enormous", () => {
    expect(oneLine("x".repeat(10_000_000), 10)).toBe(`${"x".repeat(9)}…`);
    expect(oneLine("ab😀cd", 4)).toBe("ab…");
  });

  it("can be cut in the middle", () => {
    expect(middleCut("alphabet", 5)).toBe("al…et");
    expect(middleCut("abc", 5)).toBe("abc");
  });
});
