import { expect, test } from "vitest";
import { nearestName } from "./nearest.ts";

const known = ["service", "operation", "minDuration", "maxDuration", "start", "limit"];

test.each([
  ["servce", "service"],
  ["sevrice", "service"],
  ["SERVICE", "service"],
  ["min_duration", "minDuration"],
  ["opreation", "operation"],
  ["strt", "start"],
  ["tag", undefined],
  ["lookback", undefined],
  ["", undefined],
  ["x".repeat(5000), undefined],
])("the name nearest to %j is %j", (name, nearest) => {
  expect(nearestName(name, known)).toBe(nearest);
});
