import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, isZero, toHex } from "./ids.ts";
import { isUtf8 } from "./utf8.ts";

test("bytes become lower-case hex and hex of either case becomes the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const hex = Buffer.from(bytes).toString("hex");
      expect(toHex(bytes)).toBe(hex);
      expect([...(fromHex(hex) ?? [])]).toEqual([...bytes]);
      expect(fromHex(hex.toUpperCase())).toEqual(fromHex(hex));
    }),
    { seed: 1 },
  );
});

test("a part of a larger buffer is rendered at its own place", () => {
  const ids = Uint8Array.of(1, 2, 0xab, 0xcd, 5);
  expect([toHex(ids, 2), toHex(ids, 2, 2), toHex(ids, 5)]).toEqual(["abcd05", "abcd", ""]);
});

test.each(["0", "abc", "0g", "G0", "  ", "0x", "-1", "１２", "@@", "``", "::", "//"])(
  "%j is not hex",
  (text) => {
    expect(fromHex(text)).toBeUndefined();
  },
);

test("only bytes that are all zero are no id", () => {
  const ids = new Uint8Array(24);
  expect(isZero(ids, 8, 8)).toBe(true);
  for (let at = 8; at < 16; at++) {
    ids[at] = 1;
    expect([isZero(ids, 8, 8), isZero(ids, 0, 8), isZero(ids, 16, 8)]).toEqual([false, true, true]);
    ids[at] = 0;
  }
});

test("well-formed UTF-8 is what the platform's strict decoder takes", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const isStrict = (bytes: Uint8Array): boolean => {
    try {
      strict.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const interesting = fc.constantFrom(
    0,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc0,
    0xc1,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xf5,
    0xff,
  );
  const bytes = fc.oneof(
    fc.array(interesting, { maxLength: 6 }).map((list) => Uint8Array.from(list)),
    fc.string({ unit: "binary", maxLength: 6 }).map((text) => new TextEncoder().encode(text)),
  );
  fc.assert(
    fc.property(bytes, (source) => {
      expect(isUtf8(source, 0, source.length)).toBe(isStrict(source));
    }),
    { numRuns: 5000, seed: 2 },
  );
});
