import { expect, test } from "vitest";
import { hashBytes, LeastHashed } from "./least-hashed.ts";

const ids = Array.from({ length: 5000 }, (_, i) => i);
const hashOf = (id: number): number => hashBytes(Uint8Array.of(id >>> 8, id & 255));

function chosen(order: readonly number[], size: number, perBucket: number): number[] {
  const least = new LeastHashed<number>(size, perBucket);
  for (const id of order) least.offer(String(id % 100), hashOf(id), () => id);
  return least.items();
}

test("the same spans give the same choice in whatever order they come", () => {
  const right = chosen(ids, 50, 2);
  expect(right).toHaveLength(50);
  expect(chosen(ids.toReversed(), 50, 2)).toEqual(right);
  const buckets = Map.groupBy(right, (id) => id % 100);
  for (const all of buckets.values()) expect(all.length).toBeLessThanOrEqual(2);
  expect(chosen(ids, 0, 2)).toEqual([]);
});

test("ids that count up are chosen from everywhere", () => {
  const places = chosen(ids, 100, 100).map((id) => Math.floor(id / 1000));
  expect(new Set(places).size).toBe(5);
});
