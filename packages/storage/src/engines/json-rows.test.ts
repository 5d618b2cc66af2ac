import { expect, test } from "vitest";
import { readJsonRows } from "./json-rows.ts";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("rows are the same wherever the chunks of an answer end", async () => {
  const rows = [["a\nb", "☃"], [1, null], [["x", "y"], "\u{1f409}"], []];
  const bytes = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  for (let size = 1; size <= bytes.length; size++)
    expect(await readJsonRows(chunksOf(bytes, size))).toEqual(rows);
  expect(await readJsonRows(chunksOf(new Uint8Array(0), 1))).toEqual([]);
});

test("an answer that is too large ends as limit_exceeded, and no more of it is asked for", async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      given += 1;
      yield Buffer.from('["x"]\n');
    }
  }
  await expect(readJsonRows(endless(), 60)).rejects.toMatchObject({ code: "limit_exceeded" });
  expect(given).toBe(11);
});
