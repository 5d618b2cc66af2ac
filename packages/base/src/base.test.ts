import fc from "fast-check";
import { expect, test } from "vitest";
import { assert, defined } from "./assert.ts";
import { ClewError } from "./errors.ts";
import { grown } from "./typed-array.ts";

test("a column that is large enough stays itself, a grown one keeps its content and is zero beyond", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 50 }), fc.nat(200), (content, needed) => {
      const column = Uint32Array.from(content);
      const result = grown(column, needed);
      expect(result.length).toBeGreaterThanOrEqual(needed);
      if (needed <= content.length) expect(result).toBe(column);
      else
        expect([...result]).toEqual([
          ...content,
          ...Array.from({ length: result.length - content.length }, () => 0),
        ]);
    }),
    { seed: 1 },
  );
});

test("growth doubles, so that appending row by row copies each row a constant number of times", () => {
  let column = new Float64Array(0);
  let copies = 0;
  for (let length = 1; length <= 10_000; length++) {
    const larger = grown(column, length);
    if (larger !== column) copies += column.length;
    column = larger;
    column[length - 1] = length;
  }
  expect(copies).toBeLessThan(20_000);
  expect(column[9_999]).toBe(10_000);
  expect(column).toBeInstanceOf(Float64Array);
});

test("a ClewError passes through unchanged, anything else becomes internal with its cause", () => {
  const own = new ClewError("overloaded", "later", { hint: "wait", retryAfterMs: 5 });
  expect(ClewError.from(own)).toBe(own);
  expect(own).toMatchObject({
    name: "ClewError",
    code: "overloaded",
    hint: "wait",
    retryAfterMs: 5,
  });
  const other = new RangeError("too far");
  expect(ClewError.from(other)).toMatchObject({
    code: "internal",
    message: "too far",
    cause: other,
  });
  expect(ClewError.from("text")).toMatchObject({
    code: "internal",
    message: "text",
    cause: "text",
  });
  expect(Object.hasOwn(new ClewError("internal", "x"), "cause")).toBe(false);
});

test("assertions throw on false and undefined only", () => {
  expect(() => assert(false, "why")).toThrow("assertion failed: why");
  expect(() => assert(true, "why")).not.toThrow();
  expect(defined(0, "why")).toBe(0);
  expect(() => defined(undefined, "why")).toThrow("assertion failed: why");
});
