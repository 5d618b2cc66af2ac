import { describe, expect, it } from "vitest";
import { anyValueText } from "./any-value-text.ts";

const bytes = (...values: (number | string)[]): Uint8Array =>
  Uint8Array.from(
    values.flatMap((value) =>
      typeof value === "string" ? [...new TextEncoder().encode(value)] : [value],
    ),
  );

describe("arrays and maps of attributes", () => {
  it("read as JSON", () => {
    // [ "a", 7, true ]
    const array = bytes(0x2a, 11, 0x0a, 3, 0x0a, 1, "a", 0x0a, 2, 0x18, 7, 0x0a, 2, 0x10, 1);
    array[1] = array.length - 2;
    expect(anyValueText(array)).toBe('["a", 7, true]');
    // { "k": -1 }
    const minusOne = [0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    const pair = [0x0a, 1, "k", 0x12, minusOne.length, ...minusOne];
    const map = bytes(0x32, pair.length + 2, 0x0a, pair.length, ...pair);
    expect(anyValueText(map)).toBe('{"k": -1}');
  });

  it("end where broken bytes begin", () => {
    expect(anyValueText(bytes(0x0a, 200, "short"))).toBe("null");
    expect(anyValueText(bytes(0xff, 0xff))).toBe("null");
  });

  it("are cut at a depth instead of overflowing the stack", () => {
    const length = (n: number): number[] => (n < 128 ? [n] : [(n & 0x7f) | 0x80, n >> 7]);
    let value = bytes(0x10, 1);
    for (let i = 0; i < 40; i++) {
      const item = bytes(0x0a, ...length(value.length), ...value);
      value = bytes(0x2a, ...length(item.length), ...item);
    }
    expect(anyValueText(value)).toBe(`${"[".repeat(25)}…${"]".repeat(25)}`);
  });
});
