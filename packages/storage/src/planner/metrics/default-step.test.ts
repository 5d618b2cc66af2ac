import { expect, test } from "vitest";
import { defaultStepNano } from "./default-step.ts";

const MS = 1_000_000n;
const SECOND = 1000n * MS;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;

test.each([
  [0n, 50n * MS],
  [59n * SECOND, 200n * MS],
  [MINUTE, SECOND],
  [5n * MINUTE, SECOND],
  [15n * MINUTE, 3n * SECOND],
  [30n * MINUTE, 5n * SECOND],
  [HOUR, 15n * SECOND],
  [3n * HOUR, 45n * SECOND],
  [6n * HOUR, MINUTE],
  [12n * HOUR, 3n * MINUTE],
  [24n * HOUR, 5n * MINUTE],
  [48n * HOUR, 10n * MINUTE],
  [7n * 24n * HOUR, 40n * MINUTE],
  [14n * 24n * HOUR, HOUR],
  [30n * 24n * HOUR, 3n * HOUR],
])("a range of %s ns has a step of %s ns", (range, step) => {
  expect(defaultStepNano(range)).toBe(step);
});
