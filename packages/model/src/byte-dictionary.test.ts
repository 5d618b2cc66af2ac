import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteDictionary } from "./byte-dictionary.ts";

fc.configureGlobal({ seed: 20_261_122 });

const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 8 }).map((text) => new TextEncoder().encode(text)),
  fc.constantFrom(
    ...["aaaa", "aaab", "aaaab", "baaab", "aXaab"].map((t) => new TextEncoder().encode(t)),
  ),
);

test("equal bytes have one id and different bytes different ids", () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 200 }), (list) => {
      const dictionary = new ByteDictionary();
      const ids = new Map<string, number>([["", 0]]);
      for (const item of list) {
        const key = item.join();
        const id = dictionary.intern(item, 0, item.length);
        expect(id).toBe(ids.get(key) ?? ids.size);
        ids.set(key, id);
        expect([...dictionary.view(id)]).toEqual([...item]);
      }
      expect(dictionary.size).toBe(ids.size);
    }),
  );
});

test("text that is not UTF-8 is stored as TextDecoder repairs it, also when its raw bytes are known", () => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, fc.boolean()), { maxLength: 60 }), (list) => {
      const dictionary = new ByteDictionary();
      for (const [item, asBytes] of list) {
        if (asBytes) dictionary.intern(item, 0, item.length);
        const id = dictionary.internUtf8(item, 0, item.length);
        const expected = new TextEncoder().encode(decoder.decode(item));
        expect([...dictionary.view(id)]).toEqual([...expected]);
        expect(dictionary.text(id)).toBe(decoder.decode(item));
      }
    }),
  );
});

test("a hundred thousand strings keep their ids, and clear forgets them", () => {
  const dictionary = new ByteDictionary();
  const ids = Array.from({ length: 100_000 }, (_, i) => dictionary.internText(`key-${i}`));
  expect(ids).toEqual(Array.from({ length: 100_000 }, (_, i) => i + 1));
  for (let i = 0; i < 100_000; i += 997) expect(dictionary.internText(`key-${i}`)).toBe(i + 1);
  dictionary.clear();
  expect(dictionary.size).toBe(1);
  expect(dictionary.internText("key-5000")).toBe(1);
  expect(dictionary.text(1)).toBe("key-5000");
});

test("a part of a larger buffer is read at its own place", () => {
  const dictionary = new ByteDictionary();
  const source = new TextEncoder().encode("..hello..hello").subarray(2);
  expect(dictionary.intern(source, 0, 5)).toBe(1);
  expect(dictionary.intern(source, 7, 12)).toBe(1);
  expect(dictionary.text(1)).toBe("hello");
});
