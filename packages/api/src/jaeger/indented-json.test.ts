import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonIndenter } from "./indented-json.ts";

test("any JSON, cut anywhere, is indented as JSON.stringify does it", () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.array(fc.nat({ max: 20 })),
      fc.boolean(),
      (value, cuts, isSpaced) => {
        let rest = JSON.stringify(value, null, isSpaced ? 1 : undefined);
        const indenter = new JsonIndenter();
        let written = "";
        for (const length of cuts) {
          written += indenter.add(rest.slice(0, length));
          rest = rest.slice(length);
        }
        written += indenter.add(rest);
        expect(written).toBe(JSON.stringify(value, null, 4));
      },
    ),
    { numRuns: 500 },
  );
});
