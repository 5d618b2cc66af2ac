import fc from "fast-check";
import { expect, test } from "vitest";
import { keptDay } from "./kept-day.ts";
import { daysOf, keepDaysOf, minutesOf } from "./span-facts.ts";

const MINUTE = 60_000_000_000n;

function words(times: readonly bigint[]): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(
    times.flatMap((time) => [Number(time & 0xffffffffn), Number(time >> 32n)]),
  );
}

function minutes(times: readonly bigint[]): number[] {
  return [...minutesOf(words(times), times.length)];
}

test("the minute is exact one nanosecond before, at and after every border", () => {
  const limit = (2n ** 64n - 1n) / MINUTE;
  const borders = fc.oneof(
    fc.bigInt({ min: 1n, max: limit }),
    fc.bigInt({ min: 29_000_000n, max: 31_000_000n }), // 2025 to 2028
    fc.constantFrom(1n, 150_119n, 150_120n, limit), // 2^53 ns lies in minute 150,119
  );
  fc.assert(
    fc.property(borders, (minute) => {
      const at = minute * MINUTE;
      expect(minutes([at - 1n, at, at + 1n])).toEqual([
        Number(minute) - 1,
        Number(minute),
        Number(minute),
      ]);
    }),
    { numRuns: 5000, seed: 11 },
  );
});

test("the minute is exact at any time", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (time) => {
      expect(minutes([time])).toEqual([Number(time / MINUTE)]);
    }),
    { numRuns: 5000, seed: 12 },
  );
});

test("only the rows asked for are looked at", () => {
  expect([...minutesOf(words([MINUTE, 2n * MINUTE, 3n * MINUTE]), 2)]).toEqual([1, 2]);
});

const DAY = 86_400;
const TODAY = 20_522;

test.each([
  ["the day of its arrival", 0, TODAY],
  ["yesterday", -1, TODAY - 1],
  ["two days before", -2, TODAY - 2],
])("a span that starts on %s is kept under its own day", (_, days, kept) => {
  const arrived = TODAY * DAY + 5;
  expect(keptDay((TODAY + days) * DAY, arrived)).toBe(kept);
  expect(keptDay((TODAY + days) * DAY + DAY - 1, arrived)).toBe(kept);
});

test.each([
  ["three days before", (TODAY - 2) * DAY - 1],
  ["in 1970", 0],
  ["tomorrow", (TODAY + 1) * DAY],
  ["in 2554", 2 ** 64 / 1e9],
])("a span that starts %s is kept under the day of its arrival", (_, start) => {
  expect(keptDay(start, TODAY * DAY)).toBe(TODAY);
  expect(keptDay(start, TODAY * DAY + DAY - 1)).toBe(TODAY);
});

test("one nanosecond before midnight is the day before", () => {
  const midnight = BigInt(TODAY * DAY) * 1_000_000_000n;
  const times = minutesOf(words([midnight - 1n, midnight]), 2);
  const arrived = Uint32Array.of(TODAY * DAY, TODAY * DAY);
  expect([...daysOf(times, arrived, 2)]).toEqual([TODAY - 1, TODAY]);
});

test("every record has the retention of its own tenant", () => {
  const asked: number[] = [];
  const days = keepDaysOf(Uint32Array.of(1, 1, 2, 2, 1), 5, (tenant) => {
    asked.push(tenant);
    return tenant * 10;
  });
  expect([...days]).toEqual([10, 10, 20, 20, 10]);
  expect(asked).toEqual([1, 2, 1]);
});
