import { text } from "node:stream/consumers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonWithList } from "./json-list.ts";

test("the pieces make the JSON that the whole answer would be", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue(), { maxLength: 5 }),
      fc.dictionary(
        fc.string().filter((name) => name !== "items"),
        fc.jsonValue(),
      ),
      async (items, others) => {
        const answer = { ...others, items };
        const sent = JSON.parse(await text(jsonWithList(answer, "items")));
        expect(sent).toEqual(JSON.parse(JSON.stringify(answer)));
      },
    ),
  );
});

test("an item is written only when the reader has come to it", async () => {
  let written = 0;
  const long = "x".repeat(64 * 1024);
  const items = Array.from({ length: 100 }, () => ({ toJSON: () => (written++, long) }));
  const stream = jsonWithList({ items }, "items");
  await stream[Symbol.asyncIterator]().next();
  expect(written).toBeLessThan(10);
});
