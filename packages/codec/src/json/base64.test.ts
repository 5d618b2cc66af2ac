import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, toBase64 } from "./base64.ts";

fc.configureGlobal({ seed: 20_261_122 });

test("bytes are written as Node writes them and read back, padded or not, in either alphabet", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = toBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      const forms = [text, text.replace(/=+$/, ""), Buffer.from(bytes).toString("base64url")];
      for (const form of forms) {
        const target = new Uint8Array(64);
        const length = fromBase64(new TextEncoder().encode(form), 0, form.length, target);
        expect(target.subarray(0, length)).toEqual(bytes);
      }
    }),
  );
});

test("text that is not base64 is told by -1", () => {
  for (const text of ["a", "a===", "====", "ab=c", "ab=", "a b=", "aé"]) {
    const bytes = new TextEncoder().encode(text);
    expect([text, fromBase64(bytes, 0, bytes.length, new Uint8Array(16))]).toEqual([text, -1]);
  }
});
