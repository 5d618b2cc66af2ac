import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { goBoolean, goDuration, goFloat, goInteger, rfc3339 } from "./go-syntax.ts";

describe("a duration", () => {
  test.each([
    ["1.5s", 1_500_000_000n],
    ["2h45m", 9_900_000_000_000n],
    ["100us", 100_000n],
    ["100\u00b5s", 100_000n],
    ["1ns", 1n],
    [".5ms", 500_000n],
    ["1.s", 1_000_000_000n],
    ["0", 0n],
    ["+3s", 3_000_000_000n],
    ["-3s", 0n],
  ])("%j lasts %s ns", (text, nano) => {
    expect(goDuration("minDuration", text)).toBe(nano);
  });

  test.each([
    ["5", 'time: missing unit in duration "5"'],
    ["3d", 'time: unknown unit "d" in duration "3d"'],
    ["x", 'time: invalid duration "x"'],
    ["", 'time: invalid duration ""'],
    [".s", 'time: invalid duration ".s"'],
    ["9999999999h", 'time: invalid duration "9999999999h"'],
  ])("%j is none, in Go's words", (text, problem) => {
    expect(() => goDuration("minDuration", text)).toThrow(
      `unable to parse param 'minDuration': ${problem}`,
    );
  });

  test("of whatever text ends in nanoseconds or in an error of ours", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        try {
          expect(goDuration("d", text)).toBeGreaterThanOrEqual(0n);
        } catch (error) {
          expect(error).toMatchObject({ code: "bad_request" });
        }
      }),
    );
  });
});

test("a whole number has its size", () => {
  expect(goInteger("limit", "-2147483648", 32)).toBe(-2_147_483_648n);
  expect(goInteger("start", "+9223372036854775807", 64)).toBe(2n ** 63n - 1n);
  for (const text of ["2147483648", "9".repeat(5000)])
    expect(() => goInteger("limit", text, 32)).toThrow("value out of range");
  for (const text of ["", "1.0", "0x10", " 1", "1e3"])
    expect(() => goInteger("limit", text, 32)).toThrow("invalid syntax");
});

test("booleans are strconv's", () => {
  expect([goBoolean("raw", "T"), goBoolean("raw", "0")]).toEqual([true, false]);
  expect(() => goBoolean("raw", "yes")).toThrow(
    "unable to parse param 'raw': strconv.ParseBool: parsing \"yes\": invalid syntax",
  );
});

test("numbers are decimal and finite", () => {
  expect([goFloat("q", ".95"), goFloat("q", "1e-2")]).toEqual([0.95, 0.01]);
  for (const text of ["", "NaN", "Infinity", "1e999", "0x1"])
    expect(() => goFloat("q", text)).toThrow("strconv.ParseFloat");
});

test("a time is RFC 3339, to the nanosecond", () => {
  expect(rfc3339("2026-01-02T03:04:05.123456789Z")).toBe(1_767_323_045_123_456_789n);
  expect(rfc3339("2026-01-02T05:04:05+02:00")).toBe(1_767_323_045_000_000_000n);
  expect(rfc3339("0001-01-01T00:00:00Z")).toBe(0n);
  expect(rfc3339("9999-12-31T23:59:59Z")).toBe(2n ** 63n - 1n);
  for (const text of ["2026-01-02", "now", "1767323045", "2026-02-30T00:00:00Z"])
    expect(rfc3339(text)).toBeUndefined();
});
